import { createContext, useContext } from "react";
import type { State } from "../types";

/** What ids are called. */
export type Names = { person: (id: string) => string; channel: (id: string) => string; group: (id: string) => string };

export const NamesContext = createContext<Names>({
  person: (id) => id,
  channel: (id) => id,
  group: (id) => id,
});

export const useNames = () => useContext(NamesContext);

export function namesIn(state: State): Names {
  const find = (things: { id: string; shown: string }[]) => (id: string) =>
    things.find((one) => one.id === id)?.shown ?? id;
  return {
    person: find(state.people.map((one) => ({ id: one.id, shown: one.name }))),
    channel: find(state.channels.map((one) => ({ id: one.id, shown: one.name }))),
    group: find(state.groups.map((one) => ({ id: one.id, shown: one.handle }))),
  };
}
