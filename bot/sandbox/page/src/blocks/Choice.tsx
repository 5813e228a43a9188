import { useContext, useEffect, useId, useRef, useState } from "react";
import type { Block, Element } from "../types";
import { usePress } from "./press";
import { OptionTags, optionsOf } from "./options";
import { useNames } from "./names";
import { PeopleContext } from "./people";

/** A menu, date or group of options outside of a form: a choice reaches the bot at once. */
export function Choice({ block, element }: { block: Block; element: Element }) {
  const press = usePress();
  const [busy, setBusy] = useState(false);
  const directory = useContext(PeopleContext);
  const names = useNames();
  const label = element.placeholder?.text ?? element.action_id ?? "choice";

  async function choose(value: string) {
    setBusy(true);
    await press(element.action_id ?? "", value, block, element);
    setBusy(false);
  }

  if (element.type === "datepicker" || element.type === "timepicker") {
    return (
      <input
        type={element.type === "datepicker" ? "date" : "time"}
        aria-label={label}
        disabled={busy}
        onChange={(event) => event.target.value && void choose(event.target.value)}
      />
    );
  }
  const people = element.type === "users_select" ? directory.people : [];
  const channels = /^(channels|conversations)_select$/.test(element.type) ? directory.channels : [];
  return (
    <select
      aria-label={label}
      disabled={busy}
      defaultValue={element.initial_option?.value ?? ""}
      onChange={(event) => void choose(event.target.value)}
    >
      {!element.initial_option && <option value="" disabled>{label}</option>}
      <OptionTags element={element} />
      {people.map((id) => <option key={id} value={id}>{names.person(id)}</option>)}
      {channels.map((id) => <option key={id} value={id}>#{names.channel(id)}</option>)}
    </select>
  );
}

/** The three dots: a small menu of things to do. */
export function Overflow({ block, element }: { block: Block; element: Element }) {
  const press = usePress();
  const [open, setOpen] = useState(false);
  const [busy, setBusy] = useState(false);
  const menu = useRef<HTMLDivElement>(null);
  const id = useId();

  useEffect(() => {
    if (open) menu.current?.querySelector("button")?.focus();
  }, [open]);

  async function choose(value: string) {
    setOpen(false);
    setBusy(true);
    await press(element.action_id ?? "", value, block, element);
    setBusy(false);
  }

  function move(event: React.KeyboardEvent) {
    if (event.key === "Escape") setOpen(false);
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (!step) return;
    event.preventDefault();
    const items = [...(menu.current?.querySelectorAll("button") ?? [])];
    const at = items.indexOf(document.activeElement as HTMLButtonElement);
    items[(at + step + items.length) % items.length]?.focus();
  }

  return (
    <div className="overflow" onBlur={(e) => !e.currentTarget.contains(e.relatedTarget) && setOpen(false)}>
      <button
        type="button"
        className="button"
        aria-label="More actions"
        aria-haspopup="menu"
        aria-expanded={open}
        aria-controls={id}
        aria-disabled={busy}
        onClick={() => !busy && setOpen(!open)}
      >
        ⋯
      </button>
      {open && (
        <div ref={menu} id={id} role="menu" className="menu" onKeyDown={move}>
          {optionsOf(element).map((one) => (
            <button key={one.value} type="button" role="menuitem" onClick={() => void choose(one.value)}>
              {one.text.text}
            </button>
          ))}
        </div>
      )}
    </div>
  );
}
