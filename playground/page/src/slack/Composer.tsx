import { useEffect, useId, useRef, useState, type ReactNode } from "react";
import { Mrkdwn } from "../blocks/Mrkdwn";
import type { Setting } from "../types";
import { offers, usageOf } from "./completion";

type Props = {
  label: string;
  placeholder: string;
  /** What stands before the field. */
  before?: ReactNode;
  commands: Setting["commands"];
  /** What to put in, from the tour; `onTaken` says that it is in. */
  given?: { text: string } | null;
  onTaken?: () => void;
  onSend: (text: string) => Promise<void>;
};

/** `/dbaccess` alone is a command too: Enter sends it unless something was chosen. */
const NONE = -1;

/** Where one types: completes subcommands, and remembers what was sent. */
export function Composer({ label, placeholder, before, commands, given, onTaken, onSend }: Props) {
  const [text, setText] = useState("");
  const [chosen, setChosen] = useState(NONE);
  const [closed, setClosed] = useState(false);
  const [busy, setBusy] = useState(false);
  const sent = useRef<string[]>([]);
  const back = useRef(0);
  const field = useRef<HTMLInputElement>(null);
  const id = useId();
  const offered = closed ? [] : offers(text, commands);
  const usage = usageOf(text, commands);

  useEffect(() => {
    if (!given) return;
    change(given.text);
    setClosed(true);
    field.current?.focus();
    onTaken?.();
  }, [given]);

  function change(now: string) {
    setText(now);
    setChosen(now.trim() === "/dbaccess" ? NONE : 0);
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
    const offer = offered[event.key === "Tab" ? Math.max(chosen, 0) : chosen];
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (offered.length && step) {
      setChosen((Math.max(chosen, step < 0 ? 0 : NONE) + step + offered.length) % offered.length);
    } else if (offer && (event.key === "Tab" || event.key === "Enter") && !event.shiftKey) {
      change(offer.typed);
      setClosed(!offer.typed.endsWith(" "));
    } else if (offered.length && event.key === "Escape") {
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
      {offered.length > 0 && (
        <ul className="offers" id={id} role="listbox" aria-label="Subcommands">
          {offered.map((one, i) => (
            <li
              key={one.usage}
              id={`${id}-${i}`}
              role="option"
              aria-selected={i === chosen}
              onMouseDown={(event) => {
                event.preventDefault();
                change(one.typed);
              }}
              onMouseEnter={() => setChosen(i)}
            >
              <code>{one.usage}</code> <span><Mrkdwn text={one.does} /></span>
            </li>
          ))}
        </ul>
      )}
      {usage && offered.length === 0 && (
        <p className="usage"><code>{usage.usage}</code> <span><Mrkdwn text={usage.does} /></span></p>
      )}
      {before}
      <input
        ref={field}
        type="text"
        value={text}
        placeholder={placeholder}
        aria-label={label}
        role="combobox"
        aria-expanded={offered.length > 0}
        aria-controls={id}
        aria-autocomplete="list"
        aria-activedescendant={offered[chosen] ? `${id}-${chosen}` : undefined}
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
