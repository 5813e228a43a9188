import { useState } from "react";
import type { Setting, Step } from "./types";

const DISMISSED = "dbaccess playground: tour dismissed";

/** A first suggestion of what to do; each step can be done by a press. */
export function Tour({ setting, onStep }: { setting: Setting; onStep: (step: Step) => void }) {
  const [done, setDone] = useState<number[]>([]);
  const [gone, setGone] = useState(() => sessionStorage.getItem(DISMISSED) !== null);
  if (gone) return null;
  return (
    <aside className="tour" aria-label="First steps">
      <ol>
        {setting.steps.map((step, i) => (
          <li key={i} className={done.includes(i) ? "done" : ""}>
            {step.text}{" "}
            <button
              type="button"
              className={step.typed ? "typed" : ""}
              onClick={() => {
                setDone([...done, i]);
                onStep(step);
              }}
            >
              {step.button}
            </button>
          </li>
        ))}
      </ol>
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
