import type { Setting, State } from "./types";

export type Said = {
  error?: string | null;
  errors?: Record<string, string>;
  refused?: string;
  [more: string]: unknown;
};

export async function getSetting(): Promise<Setting> {
  return (await fetch("/api/setting")).json();
}

export async function getState(person: string): Promise<State> {
  const answer = await fetch(`/api/state?person=${encodeURIComponent(person)}`);
  if (!answer.ok) throw new Error(`state: ${answer.status}`);
  const state: State = await answer.json();
  const people = state.people.map((one, i) => ({ ...one, hue: (i * 57 + 170) % 360 }));
  return { ...state, people, person };
}

/** Do something; `refused` says why it could not be done. It never throws. */
export async function act(name: string, body: Record<string, unknown>): Promise<Said> {
  try {
    const answer = await fetch(`/api/${name}`, {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify(body),
    });
    return await answer.json();
  } catch {
    return { refused: "the playground does not answer; is it still running?" };
  }
}
