import type { Command } from "../types";

/** Slack completes a command's name, and nothing behind it: does this text ask for that? */
export function completes(text: string, command: Command): boolean {
  return text.startsWith("/") && text.length <= command.name.length && command.name.startsWith(text.toLowerCase());
}

/** The hint stands there until the first argument is typed. */
export function hints(text: string, command: Command): boolean {
  return text.toLowerCase() === `${command.name} `;
}

/** What stands behind the command's name, or null for a message that is no command. */
export function commandText(text: string, command: Command): string | null {
  const said = text.trim();
  return said.split(/\s/)[0] === command.name ? said.slice(command.name.length).trim() : null;
}
