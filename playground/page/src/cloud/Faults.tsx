import { useState } from "react";
import { act } from "../api";
import type { Api, Fault, State } from "../types";

const APIS: [Api, string][] = [["digitalocean", "DigitalOcean"], ["slack", "Slack"]];
const KINDS: [string, string, string][] = [
  ["slow", "Slow", "The right answer, 4 seconds late"],
  ["429", "429", "Too many requests, try again in 5 seconds"],
  ["500", "500", "A server error, nothing done"],
  ["hang", "Hang", "No answer until the faults are cleared"],
  ["lost_answer", "Answer lost", "Done, but the answer is lost on the way"],
];
const TIMES: [string, number | null][] = [["next call", 1], ["next 3 calls", 3], ["until cleared", null]];

/** What can go wrong between the bot and either API, on demand. */
export function Faults({ faults }: { faults: State["faults"] }) {
  const [times, setTimes] = useState<number | null>(1);
  return (
    <section className="faults" aria-label="Faults">
      <header>
        <h3>Let something go wrong</h3>
        <select aria-label="How often" value={String(times)} onChange={(event) => setTimes(event.target.value === "null" ? null : Number(event.target.value))}>
          {TIMES.map(([label, value]) => <option key={label} value={String(value)}>{label}</option>)}
        </select>
      </header>
      {APIS.map(([api, name]) => (
        <div key={api} className="fault-row" role="group" aria-label={`Faults of the ${name} API`}>
          <span>{name} API</span>
          <div className="chips">
            {KINDS.map(([kind, label, title]) => (
              <button
                key={kind}
                type="button"
                className="chip"
                title={title}
                onClick={() => void act("add_fault", { of: api, kind: forWrites(api, kind), times })}
              >
                {label}
              </button>
            ))}
          </div>
          <Pending api={api} name={name} pending={faults[api].pending} hanging={faults[api].hanging} />
        </div>
      ))}
    </section>
  );
}

/** At DigitalOcean the interesting answer to lose is that of a write. */
function forWrites(api: Api, kind: string): string {
  return api === "digitalocean" && kind === "lost_answer" ? "lost_write" : kind;
}

type PendingProps = { api: Api; name: string; pending: Fault[]; hanging: number };

function Pending({ api, name, pending, hanging }: PendingProps) {
  if (!pending.length && !hanging) return null;
  return (
    <p className="pending" role="status">
      <span>
        {pending.map(described).join(", ")}
        {hanging > 0 && `${pending.length ? "; " : ""}${hanging} hanging now`}
      </span>
      <button type="button" className="chip clear" onClick={() => void act("clear_faults", { of: api })}>
        Clear<span className="hidden"> the faults of {name}</span>
      </button>
    </p>
  );
}

function described(fault: Fault): string {
  const kind = fault.code ?? { slow: "slow", hang: "hang", lost_answer: "answer lost" }[fault.kind] ?? fault.kind;
  const calls = fault.method ? `${fault.method} calls` : "calls";
  if (fault.times === null) return `${kind}: all ${calls}`;
  return fault.times === 1 ? `${kind}: next ${fault.method ?? "call"}` : `${kind}: next ${fault.times} ${calls}`;
}
