import { useEffect, useId, useRef, useState, type ReactNode } from "react";

type Item = { key: string; text: string };
type Props = { label: string; face: ReactNode; className: string; items: Item[]; onChoose: (key: string) => Promise<void> };

/** A button with a small menu of things to do; arrows move in it, Escape closes it. */
export function Menu({ label, face, className, items, onChoose }: Props) {
  const [open, setOpen] = useState(false);
  const [busy, setBusy] = useState(false);
  const menu = useRef<HTMLDivElement>(null);
  const button = useRef<HTMLButtonElement>(null);
  const id = useId();

  useEffect(() => {
    if (open) menu.current?.querySelector("button")?.focus();
  }, [open]);

  async function choose(key: string) {
    setOpen(false);
    setBusy(true);
    await onChoose(key);
    setBusy(false);
  }

  function move(event: React.KeyboardEvent) {
    if (event.key === "Escape") {
      setOpen(false);
      button.current?.focus();
    }
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (!step) return;
    event.preventDefault();
    const there = [...(menu.current?.querySelectorAll("button") ?? [])];
    const at = there.indexOf(document.activeElement as HTMLButtonElement);
    there[(at + step + there.length) % there.length]?.focus();
  }

  return (
    <div className="overflow" onBlur={(e) => !e.currentTarget.contains(e.relatedTarget) && setOpen(false)}>
      <button
        ref={button}
        type="button"
        className={className}
        aria-label={label}
        title={label}
        aria-haspopup="menu"
        aria-expanded={open}
        aria-controls={id}
        aria-disabled={busy}
        onClick={() => !busy && setOpen(!open)}
      >
        {face}
      </button>
      {open && (
        <div ref={menu} id={id} role="menu" className="menu" onKeyDown={move}>
          {items.map((one) => (
            <button key={one.key} type="button" role="menuitem" onClick={() => void choose(one.key)}>
              {one.text}
            </button>
          ))}
        </div>
      )}
    </div>
  );
}
