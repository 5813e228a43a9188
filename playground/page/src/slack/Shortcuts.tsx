import { Menu } from "../blocks/Menu";
import type { Setting } from "../types";

type Shortcut = Setting["shortcuts"][number];

/** The global shortcuts of the bot, behind a button as in Slack. */
export function Shortcuts({ shortcuts, onChoose }: { shortcuts: Shortcut[]; onChoose: (one: Shortcut) => Promise<void> }) {
  if (!shortcuts.length) return null;
  return (
    <Menu
      label="Shortcuts"
      face={<Bolt />}
      className="icon-button"
      items={shortcuts.map((one) => ({ key: one.callback_id, text: one.name }))}
      onChoose={async (key) => {
        const one = shortcuts.find((shortcut) => shortcut.callback_id === key);
        if (one) await onChoose(one);
      }}
    />
  );
}

function Bolt() {
  return (
    <svg aria-hidden="true" viewBox="0 0 20 20" width="17" height="17" fill="currentColor">
      <path d="M11.6 1 3.5 11.6h5L7.4 19l8.6-10.8h-5.2z" />
    </svg>
  );
}
