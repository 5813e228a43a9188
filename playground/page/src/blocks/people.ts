import { createContext } from "react";

/** Whom and what the menus of people and channels offer, by id. */
export const PeopleContext = createContext<{ people: string[]; channels: string[] }>({
  people: [],
  channels: [],
});
