import { useEffect, useRef, useState } from "react";
import { act } from "../api";
import { countdown, span, useNow } from "../time";
import type { Cluster, Rule } from "../types";
import type { Tool } from "./CloudPanel";

const TYPES = ["ip_addr", "droplet", "k8s", "tag", "app"];
const ENGINES: Record<string, string> = { pg: "PostgreSQL", mysql: "MySQL", mongodb: "MongoDB" };

/** A database cluster and what it trusts, live. */
export function ClusterCard({ cluster, tool }: { cluster: Cluster; tool: Tool }) {
  const [trouble, setTrouble] = useState<string | null>(null);
  const known = useRef<Set<string> | null>(null);
  const fresh = (rule: Rule) => known.current !== null && !known.current.has(rule.uuid);
  useEffect(() => {
    known.current = new Set(cluster.rules.map((rule) => rule.uuid));
  }, [cluster.rules.map((rule) => rule.uuid).join()]);

  async function change(name: string, body: Record<string, unknown>) {
    const said = await act(name, { cluster: cluster.id, with: tool, ...body });
    setTrouble(said.refused ?? null);
    return !said.refused;
  }

  return (
    <section className="cluster" aria-label={`Cluster ${cluster.name}`}>
      <header>
        <h3>{cluster.name}</h3>
        <span>{ENGINES[cluster.engine] ?? cluster.engine} {cluster.version} · {cluster.region} · {cluster.rules.length} {cluster.rules.length === 1 ? "source" : "sources"}</span>
      </header>
      {cluster.rules.length === 0 && (
        <p className="open-to-all" role="alert"><strong>No trusted sources:</strong> this cluster is open to the whole internet.</p>
      )}
      <ul className="rules" aria-live="polite" aria-relevant="additions removals">
        {cluster.rules.map((rule) => (
          <RuleRow key={rule.uuid} rule={rule} fresh={fresh(rule)} onRemove={() => void change("remove_source", { type: rule.type, value: rule.value })} />
        ))}
      </ul>
      <AddSource cluster={cluster} tool={tool} onAdd={(body) => change("add_source", body)} />
      {trouble && <p className="error" role="alert">{trouble}</p>}
    </section>
  );
}

function RuleRow({ rule, fresh, onRemove }: { rule: Rule; fresh: boolean; onRemove: () => void }) {
  const now = useNow(500);
  const [isFresh] = useState(fresh);
  const seconds = now - Date.parse(rule.created_at) / 1000;
  const age = seconds < 60 ? "just added" : `added ${span(seconds)} ago`;
  const until = /until (\S+Z)/.exec(rule.description ?? "")?.[1];
  const left = rule.ours && until ? Date.parse(until) / 1000 - now : null;
  return (
    <li className={`rule ${rule.ours ? "ours" : ""} ${isFresh ? "fresh" : ""}`}>
      <div className="rule-what">
        <code>{rule.value}</code> <span className="kind">{rule.type}</span>
        <span className={`badge ${rule.ours ? "ours" : "foreign"}`}>{rule.ours ? "ours" : "added manually"}</span>
      </div>
      <p className="rule-more">
        {rule.description ?? <em>no description</em>}
        {!rule.ours && <> · {age}</>}
      </p>
      {rule.ours && (
        <p className="rule-more">
          {age}
          {left !== null && <> · <strong>{left > 0 ? `expires in ${countdown(left)}` : "expired"}</strong></>}
        </p>
      )}
      <button type="button" className="icon-button" aria-label={`Remove ${rule.type}:${rule.value}`} onClick={onRemove}>✕</button>
    </li>
  );
}

type AddProps = {
  cluster: Cluster;
  tool: Tool;
  onAdd: (body: Record<string, unknown>) => Promise<boolean>;
};

function AddSource({ cluster, tool, onAdd }: AddProps) {
  const [type, setType] = useState("ip_addr");
  const [value, setValue] = useState("");
  const [description, setDescription] = useState("");
  return (
    <details className="add">
      <summary>Add manually</summary>
      <form
        onSubmit={async (event) => {
          event.preventDefault();
          if (await onAdd({ type, value, description })) {
            setValue("");
            setDescription("");
          }
        }}
      >
        <select aria-label={`Type of the source for ${cluster.name}`} value={type} onChange={(event) => setType(event.target.value)}>
          {TYPES.map((one) => <option key={one}>{one}</option>)}
        </select>
        <input aria-label={`Source for ${cluster.name}`} placeholder="203.0.113.99" value={value} required onChange={(event) => setValue(event.target.value)} />
        {tool === "panel" && (
          <input aria-label={`Description for ${cluster.name}`} placeholder="description" value={description} onChange={(event) => setDescription(event.target.value)} />
        )}
        <button type="submit" className="button">Add</button>
      </form>
    </details>
  );
}
