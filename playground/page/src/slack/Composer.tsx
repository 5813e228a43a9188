import { useEffect, useId, useRef, useState, type ReactNode } from "react";
import type { Command } from "../types";
import { completes, hints } from "./completion";

type Props = {
  label: string;
  placeholder: string;
  /** What stands before the field. */
  before?: ReactNode;
  /** None where Slack takes no commands: in threads. */
  command?: Command;
  /** What to put in, from the tour; `onTaken` says that it is in. */
  given?: { text: string } | null;
  onTaken?: () => void;
  onSend: (text: string) => Promise<void>;
};

/** Where one types: completes the command's name, shows its hint, and remembers what was sent. */
export function Composer({ label, placeholder, before, command, given, onTaken, onSend }: Props) {
  const [text, setText] = useState("");
  const [closed, setClosed] = useState(false);
  const [busy, setBusy] = useState(false);
  const sent = useRef<string[]>([]);
  const back = useRef(0);
  const field = useRef<HTMLInputElement>(null);
  const id = useId();
  const offered = command !== undefined && !closed && completes(text, command) ? command : null;
  const hint = command !== undefined && hints(text, command) ? command.usage_hint : null;

  useEffect(() => {
    if (!given) return;
    change(given.text);
    setClosed(true);
    field.current?.focus();
    onTaken?.();
  }, [given]);

  function change(now: string) {
    setText(now);
    setClosed(false);
    back.current = 0;
  }

  async function send() {
    const said = text.trim();
    if (!said || busy) return;
    sent.current = [...sent.current.filter((one) => one !== said), said].slice(-50);
    change("");
    setBusy(true);
    await onSend(said);
    setBusy(false);
    field.current?.focus();
  }

  function remember(step: number) {
    const at = Math.min(Math.max(back.current + step, 0), sent.current.length);
    change(at ? sent.current.at(-at)! : "");
    back.current = at;
    setClosed(true);
  }

  function onKey(event: React.KeyboardEvent) {
    if (event.nativeEvent.isComposing) return;
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    // A whole name is a command too: Enter sends it.
    const takes = event.key === "Tab" || (event.key === "Enter" && text.length < (offered?.name.length ?? 0));
    if (offered && takes && !event.shiftKey) {
      change(`${offered.name} `);
    } else if (offered && event.key === "Escape") {
      setClosed(true);
    } else if (event.key === "Enter" && !event.shiftKey) {
      void send();
    } else if (step && (back.current > 0 || (step < 0 && !text))) {
      remember(-step);
    } else {
      return;
    }
    event.preventDefault();
  }

  return (
    <form
      className="composer"
      onSubmit={(event) => {
        event.preventDefault();
        void send();
      }}
    >
      {offered && (
        <ul className="offers" id={id} role="listbox" aria-label="Commands">
          <li
            id={`${id}-0`}
            role="option"
            aria-selected="true"
            onMouseDown={(event) => {
              event.preventDefault();
              change(`${offered.name} `);
            }}
          >
            <strong>{offered.name}</strong> <code>{offered.usage_hint}</code>
            <span>{offered.description}</span>
          </li>
        </ul>
      )}
      {hint && <p className="usage">{command!.name} <code>{hint}</code></p>}
      {before}
      <input
        ref={field}
        type="text"
        value={text}
        placeholder={placeholder}
        aria-label={label}
        role="combobox"
        aria-expanded={offered !== null}
        aria-controls={id}
        aria-autocomplete="list"
        aria-activedescendant={offered ? `${id}-0` : undefined}
        spellCheck={false}
        autoComplete="off"
        onChange={(event) => change(event.target.value)}
        onKeyDown={onKey}
        onBlur={() => setClosed(true)}
      />
      <button type="submit" className="send" aria-label="Send" aria-disabled={busy || !text.trim()} aria-busy={busy}>
        {busy ? <span className="spinner" aria-hidden="true" /> : <Arrow />}
      </button>
    </form>
  );
}

function Arrow() {
  return (
    <svg aria-hidden="true" viewBox="0 0 20 20" width="16" height="16" fill="currentColor">
      <path d="M2.5 3 18 10 2.5 17l2-6.2L12 10l-7.5-.8z" />
    </svg>
  );
}
