import { useState } from "react";
import type { Setting, Step } from "./types";

const DISMISSED = "dbaccess playground: tour dismissed";

type Props = { setting: Setting; done: boolean[]; onStep: (step: Step) => void };

/** A first suggestion of what to do. A press leads to each step; it is ticked once it is done. */
export function Tour({ setting, done, onStep }: Props) {
  const [gone, setGone] = useState(() => sessionStorage.getItem(DISMISSED) !== null);
  if (gone) return null;
  const next = setting.steps.findIndex((_, i) => !done[i]);
  return (
    <aside className="tour" aria-label="First steps">
      <ol>
        {setting.steps.map((step, i) => (
          <li key={i} className={done[i] ? "done" : ""} aria-current={i === next ? "step" : undefined}>
            <span className="mark" aria-hidden="true">{done[i] ? "✓" : i + 1}</span>
            {done[i] && <span className="hidden">Done:</span>}
            {step.text}{" "}
            <button type="button" className={step.typed ? "typed" : ""} onClick={() => onStep(step)}>
              {step.button}
            </button>
          </li>
        ))}
      </ol>
      {next < 0 && <p role="status">All done. Try <code>/dbaccess help</code>.</p>}
      <button
        type="button"
        className="icon-button"
        aria-label="Close the first steps"
        onClick={() => {
          sessionStorage.setItem(DISMISSED, "yes");
          setGone(true);
        }}
      >
        ✕
      </button>
    </aside>
  );
}
