import { useCallback, useState } from "react";
import type { Said } from "../api";

/** What Slack itself tells a person when the bot did not answer. */
export type Notice = { id: number; person: string; channel: string; text: string };

let last = 0;

export function useNotices() {
  const [notices, setNotices] = useState<Notice[]>([]);
  const dismiss = useCallback((id: number) => setNotices((all) => all.filter((one) => one.id !== id)), []);
  const note = useCallback((person: string, channel: string, text: string) => {
    setNotices((all) => [...all, { id: ++last, person, channel, text }].slice(-20));
  }, []);
  return { notices, note, dismiss };
}

/** What to tell after `what` (a command, a button) went wrong; null when it went well. */
export function complaint(what: string, said: Said): string | null {
  if (said.error === "operation_timeout") {
    return `${what} failed with the error “operation_timeout”: dbaccess did not answer within 3 seconds. It may still have heard you.`;
  }
  if (said.error) return `${what} failed with the error “${said.error}”: dbaccess could not be reached.`;
  return said.refused ? `${what} was not possible: ${said.refused}.` : null;
}
