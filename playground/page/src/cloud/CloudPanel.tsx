import { useState } from "react";
import type { State } from "../types";
import { ClusterCard } from "./ClusterCard";
import { Faults } from "./Faults";

/** What a colleague uses: `doctl` drops every description, the control panel keeps them. */
export type Tool = "panel" | "doctl";

/** The small DigitalOcean: clusters, their trusted sources, and what can go wrong. */
export function CloudPanel({ state }: { state: State }) {
  const [tool, setTool] = useState<Tool>("panel");
  return (
    <section className="cloud" aria-label="DigitalOcean">
      <header className="panel-header">
        <h2>DigitalOcean <small>databases · trusted sources</small></h2>
      </header>
      <div className="panel-body" tabIndex={0} role="group" aria-label="Clusters and faults">
        {state.clusters.map((one) => <ClusterCard key={one.id} cluster={one} tool={tool} />)}
        <fieldset className="tool">
          <legend>A colleague adds and removes with</legend>
          {(["panel", "doctl"] as const).map((one) => (
            <label key={one}>
              <input type="radio" name="tool" checked={tool === one} onChange={() => setTool(one)} />
              {one === "panel" ? "the control panel" : <><code>doctl</code> (drops descriptions)</>}
            </label>
          ))}
        </fieldset>
        <Faults faults={state.faults} />
      </div>
    </section>
  );
}
