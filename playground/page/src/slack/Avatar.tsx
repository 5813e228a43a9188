import type { Person } from "../types";

/** A coloured square with a letter; the bot's has a key. */
export function Avatar({ person, small = false }: { person: Person; small?: boolean }) {
  const app = person.kind === "app";
  return (
    <span
      className={`avatar ${small ? "small" : ""} ${app ? "app" : ""}`}
      style={app ? undefined : ({ "--hue": person.hue } as React.CSSProperties)}
      aria-hidden="true"
    >
      {app ? <Key /> : person.name[0]}
    </span>
  );
}

function Key() {
  return (
    <svg viewBox="0 0 32 32" fill="none" stroke="currentColor" strokeWidth="2.8" strokeLinecap="round" strokeLinejoin="round">
      <circle cx="10" cy="16" r="6" />
      <path d="M16 16h12M24 16v5" />
    </svg>
  );
}
