import { useCallback, useEffect, useState } from "react";
import type { Setting } from "./types";

export type Place = { person: string; channel: string };

/** Who one is and where, kept in the address: it survives a reload, and two windows can differ. */
export function usePlace(setting: Setting): [Place, (to: Place) => void] {
  const [place, setPlace] = useState(() => read(setting));
  useEffect(() => {
    const follow = () => setPlace(read(setting));
    window.addEventListener("hashchange", follow);
    return () => window.removeEventListener("hashchange", follow);
  }, [setting]);
  const go = useCallback((to: Place) => {
    setPlace(to);
    window.location.hash = `${to.person}/${to.channel}`;
  }, []);
  return [place, go];
}

function read(setting: Setting): Place {
  const [person, channel] = window.location.hash.slice(1).split("/");
  const known = setting.roles.some((role) => role.user_id === person);
  return {
    person: known ? person! : setting.roles[0]!.user_id,
    channel: (known && channel) || setting.channel,
  };
}
