import { useContext, useEffect, useRef } from "react";
import type { Person, Setting, State } from "../types";
import { Avatar } from "./Avatar";
import { MeContext } from "./me";

type Props = {
  state: State;
  setting: Setting;
  people: Map<string, Person>;
  channelId: string;
  /** Who one is about to be; the state of that person may still be on its way. */
  wanted: string;
  open: boolean;
  onBe: (person: string) => void;
  onChannel: (channel: string) => void;
  onClose: () => void;
};

/** Who one is, and where one can go. */
export function Sidebar({ state, setting, people, channelId, wanted, open, onBe, onChannel, onClose }: Props) {
  const me = useContext(MeContext);
  const nav = useRef<HTMLElement>(null);
  useEffect(() => {
    if (open) nav.current?.querySelector<HTMLElement>("input:checked")?.focus();
  }, [open]);
  return (
    <nav
      ref={nav}
      className={`sidebar ${open ? "open" : ""}`}
      aria-label="People and channels"
      onKeyDown={(event) => event.key === "Escape" && onClose()}
    >
      <fieldset className="who">
        <legend>You are</legend>
        {setting.roles.map((role) => {
          const person = people.get(role.user_id);
          if (!person) return null;
          return (
            <label key={person.id}>
              <input
                type="radio"
                name="who"
                value={person.id}
                checked={person.id === wanted}
                onChange={() => onBe(person.id)}
              />
              <Avatar person={person} small />
              <span className="who-name">
                <strong>{person.name}</strong> <small>{role.part}</small>
              </span>
              {person.id !== me && <Unread count={person.unread} />}
            </label>
          );
        })}
      </fieldset>
      <Places title="Channels" state={state} dm={false} channelId={channelId} onChannel={onChannel} />
      <Places title="Apps" state={state} dm channelId={channelId} onChannel={onChannel} />
    </nav>
  );
}

type PlacesProps = Pick<Props, "state" | "channelId" | "onChannel"> & { title: string; dm: boolean };

function Places({ title, state, dm, channelId, onChannel }: PlacesProps) {
  return (
    <div className="places">
      <h2>{title}</h2>
      <ul>
        {state.channels.filter((one) => one.dm === dm).map((one) => (
          <li key={one.id}>
            <button
              type="button"
              className={one.unread ? "unread" : ""}
              aria-current={one.id === channelId ? "page" : undefined}
              onClick={() => onChannel(one.id)}
            >
              <span aria-hidden="true" className="sigil">{dm ? "◆" : "#"}</span>
              <span>{dm ? "dbaccess" : one.name}</span>
              <Unread count={one.unread} />
            </button>
          </li>
        ))}
      </ul>
    </div>
  );
}

function Unread({ count }: { count: number }) {
  if (!count) return null;
  return (
    <span className="count">
      {count}
      <span className="hidden"> unread</span>
    </span>
  );
}
