import type { Setting } from "../types";

export type Offer = { typed: string; usage: string; does: string };

const COMMAND = "/dbaccess";

/** The subcommands that fit what was typed so far; none once one is whole. */
export function offers(text: string, commands: Setting["commands"]): Offer[] {
  const typed = text.toLowerCase();
  if (!typed.startsWith("/")) return [];
  if (COMMAND.startsWith(typed) || typed === `${COMMAND} `) return commands.map(offer);
  const word = new RegExp(`^${COMMAND} (\\S+)$`).exec(typed)?.[1];
  return word ? commands.filter((one) => one.usage.startsWith(word) && nameOf(one.usage) !== word).map(offer) : [];
}

/** How the subcommand that is being typed goes on. */
export function usageOf(text: string, commands: Setting["commands"]): Offer | null {
  const word = new RegExp(`^${COMMAND} (\\S+)(?: |$)`).exec(text.toLowerCase())?.[1];
  const found = commands.find((one) => nameOf(one.usage) === word);
  return found ? offer(found) : null;
}

/** What stands behind `/dbaccess`, or null for a message that is no command. */
export function commandText(text: string): string | null {
  return /^\/dbaccess(?:\s+([\s\S]*))?$/.exec(text.trim()) ? text.trim().slice(COMMAND.length).trim() : null;
}

function offer({ usage, does }: { usage: string; does: string }): Offer {
  const takesMore = usage !== nameOf(usage);
  return { typed: `${COMMAND} ${nameOf(usage)}${takesMore ? " " : ""}`, usage: `${COMMAND} ${usage}`, does };
}

function nameOf(usage: string): string {
  return usage.split(" ")[0]!;
}
