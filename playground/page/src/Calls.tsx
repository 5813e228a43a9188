import { memo, useState } from "react";
import { clockTime } from "./time";
import type { Call } from "./types";

const WAYS: [Call["to"], string][] = [["bot", "Slack → bot"], ["slack", "bot → Slack"], ["digitalocean", "bot → DigitalOcean"]];
const NAMES = new Map(WAYS);

/** The last calls between the three, newest first. */
export const Calls = memo(function Calls({ calls }: { calls: Call[] }) {
  const [only, setOnly] = useState<string>("all");
  const shown = calls.filter((one) => only === "all" || one.to === only);
  return (
    <section className="calls" aria-label="API calls">
      <header className="panel-header">
        <h2>API calls <small>over HTTP, newest first</small></h2>
        <select aria-label="Which calls" value={only} onChange={(event) => setOnly(event.target.value)}>
          <option value="all">all</option>
          {WAYS.map(([to, name]) => <option key={to} value={to}>{name}</option>)}
        </select>
      </header>
      <div className="calls-body" tabIndex={0} role="group" aria-label="The last calls">
        <table>
          <thead>
            <tr><th scope="col">Time</th><th scope="col" className="way">Way</th><th scope="col">Call</th><th scope="col">Status</th><th scope="col">ms</th></tr>
          </thead>
          <tbody>
            {shown.map((call, i) => (
              <tr key={`${call.at}-${call.what}-${i}`} className={call.ok ? "" : "bad"}>
                <td>{clockTime(call.at, true)}</td>
                <td className="way">{NAMES.get(call.to)}</td>
                <td className="what">
                  {call.what}
                  <small aria-hidden="true">{NAMES.get(call.to)}</small>
                </td>
                <td className="status">{[call.status || null, call.error].filter(Boolean).join(" ")}</td>
                <td className="ms">{call.ms}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </section>
  );
});
