import { useCallback, useEffect, useRef, useState } from "react";
import { getState } from "./api";
import { setTime } from "./time";
import type { Channel, Message, State } from "./types";

const PAUSE_MS = 80;

/** The state as `person` sees it, kept fresh; what is shown belongs to `state.person`. */
export function useWorld(person: string): { state: State | null; live: boolean } {
  const [state, setState] = useState<State | null>(null);
  const [live, setLive] = useState(true);
  const stale = useRef(false);
  const busy = useRef(false);

  const refresh = useCallback(async (stopped: () => boolean) => {
    stale.current = true;
    if (busy.current) return;
    busy.current = true;
    try {
      while (stale.current && !stopped()) {
        stale.current = false;
        const got = await getState(person);
        if (stopped()) return;
        setTime(got.now, got.rate);
        setState((before) => keepingMessages(before, got));
        await new Promise((done) => setTimeout(done, PAUSE_MS));
      }
    } catch {
      setLive(false);
    } finally {
      busy.current = false;
    }
  }, [person]);

  useEffect(() => {
    let over = false;
    let events: EventSource | null = null;
    const stopped = () => over;
    busy.current = false;

    function listen() {
      events = new EventSource("/api/events");
      events.onopen = () => setLive(true);
      events.onmessage = () => void refresh(stopped);
      events.onerror = () => setLive(false);
    }
    // A hidden tab hangs up: browsers allow only six connections to one address.
    function follow() {
      if (document.hidden) {
        events?.close();
        events = null;
      } else if (events === null) {
        listen();
      }
    }
    follow();
    document.addEventListener("visibilitychange", follow);
    return () => {
      over = true;
      document.removeEventListener("visibilitychange", follow);
      events?.close();
    };
  }, [refresh]);

  return { state, live };
}

/** The new state, with the very objects of messages that did not change: they need no rendering. */
function keepingMessages(before: State | null, now: State): State {
  if (before?.person !== now.person) return now;
  const known = new Map(before.channels.map((one) => [one.id, one]));
  return { ...now, channels: now.channels.map((one) => keeping(known.get(one.id), one)) };
}

function keeping(before: Channel | undefined, now: Channel): Channel {
  const known = new Map(before?.messages.map((one) => [one.ts, one]));
  return { ...now, messages: now.messages.map((one) => same(known.get(one.ts), one)) };
}

function same(before: Message | undefined, now: Message): Message {
  const unchanged = before?.edits === now.edits && before.last_reply === now.last_reply;
  return before && unchanged ? before : now;
}
