import type { Block, Element, View } from "../types";

/** What fields hold, by block_id; what the sandbox understands: texts, option values, lists. */
export type Values = Record<string, string | string[] | null>;

export function inputsOf(view: View): Block[] {
  return view.blocks.filter((block) => block.type === "input" && block.element);
}

/** What the fields hold before anybody touches them. */
export function initialValues(view: View): Values {
  return Object.fromEntries(inputsOf(view).map((block) => [block.block_id, initial(view, block)]));
}

/** What the fields hold once the form was changed: what is new begins as the bot has it. */
export function stillHeld(view: View, held: Values): Values {
  const first = initialValues(view);
  return Object.fromEntries(Object.keys(first).map((id) => [id, id in held ? held[id]! : first[id]!]));
}

function initial(view: View, block: Block): string | string[] | null {
  const state = view.state.values[block.block_id]?.[block.element?.action_id ?? ""] ?? {};
  const [held] = Object.entries(state).filter(([key]) => key !== "type").map(([, value]) => value);
  if (Array.isArray(held)) return held.map(nameOf);
  return held === null || held === undefined ? null : nameOf(held);
}

function nameOf(held: unknown): string {
  return typeof held === "object" && held !== null ? (held as { value: string }).value : String(held);
}

/** What Slack itself does not let through, by block_id. */
export function problems(view: View, values: Values): Record<string, string> {
  const found: Record<string, string> = {};
  for (const block of inputsOf(view)) {
    const value = values[block.block_id];
    const empty = value === null || value === undefined || value.length === 0;
    if (empty && !block.optional) found[block.block_id] = "Please complete this required field.";
    if (!empty) {
      const amiss = length(block.element!, value);
      if (amiss) found[block.block_id] = amiss;
    }
  }
  return found;
}

function length(element: Element, value: string | string[]): string | null {
  if (typeof value !== "string" || element.type !== "plain_text_input") return null;
  const [shortest, longest] = [element.min_length ?? 0, element.max_length ?? 3000];
  if (value.length < shortest) return `Please enter at least ${shortest} characters.`;
  return value.length > longest ? `Please enter at most ${longest} characters.` : null;
}

/** What is sent: a text field left empty says nothing. */
export function entered(view: View, values: Values): Values {
  const there = inputsOf(view).map((block) => [block.block_id, values[block.block_id]] as const);
  return Object.fromEntries(there.map(([id, value]) => [id, value === "" || value === undefined ? null : value]));
}
