import { createContext, useContext } from "react";
import type { Block, Element, Text } from "../types";

/** What happens when somebody presses or chooses; it ends when the bot has answered. */
export type Press = (name: string, value: string | null, block: Block, element: Element) => Promise<void>;

export const PressContext = createContext<Press>(async () => {});
export const usePress = () => useContext(PressContext);

/** What a control reads, to speak of it. */
export function labelOf(element: Element): string {
  return (element.text as Text | undefined)?.text ?? element.placeholder?.text ?? element.action_id ?? "";
}
