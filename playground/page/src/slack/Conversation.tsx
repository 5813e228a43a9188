import { useCallback, useContext, useEffect, useMemo, useState } from "react";
import { act } from "../api";
import { labelOf } from "../blocks/press";
import type { Channel, Person, Setting, State } from "../types";
import { Avatar } from "./Avatar";
import { commandText } from "./completion";
import { Composer } from "./Composer";
import { Home } from "./Home";
import { MeContext } from "./me";
import { MessageList } from "./MessageList";
import type { MessageView } from "./MessageView";
import { complaint, type Notice } from "./notices";
import { Shortcuts } from "./Shortcuts";
import { Thread } from "./Thread";

type Props = {
  state: State;
  channel: Channel;
  setting: Setting;
  people: Map<string, Person>;
  notices: Notice[];
  note: (person: string, channel: string, text: string) => void;
  dismiss: (id: number) => void;
  given: { text: string } | null;
  onTaken: () => void;
  onMenu: () => void;
};

type OnPress = React.ComponentProps<typeof MessageView>["onPress"];

/** One channel or the direct messages with the bot, and perhaps a thread of it. */
export function Conversation({ state, channel, setting, people, notices, note, dismiss, given, onTaken, onMenu }: Props) {
  const me = useContext(MeContext);
  const [threadOf, setThreadOf] = useState<string | null>(null);
  const [tab, setTab] = useState<"messages" | "home">("messages");
  const [firstNew] = useState(() => firstUnread(channel, me));
  const name = channel.dm ? "dbaccess" : `#${channel.name}`;
  const main = useMemo(() => channel.messages.filter((one) => !one.thread_ts), [channel.messages]);
  const root = channel.messages.find((one) => one.ts === threadOf);

  useReading(channel, me);

  const press = useCallback<OnPress>(
    async (message, action, value, _, element) => {
      const said = await act("press", { person: me, channel: channel.id, ts: message.ts, name: action, value });
      const trouble = complaint(`“${labelOf(element)}”`, said);
      if (trouble) note(me, channel.id, trouble);
    },
    [me, channel.id, note],
  );

  async function send(text: string) {
    const command = commandText(text, setting.command);
    const where = { person: me, channel: channel.id };
    const said =
      command === null ? await act("say", { ...where, text }) : await act("command", { ...where, text: command });
    const trouble = complaint(command === null ? "Sending" : setting.command.name, said);
    if (trouble) note(me, channel.id, trouble);
  }

  async function choose(shortcut: Setting["shortcuts"][number]) {
    const said = await act("shortcut", { person: me, name: shortcut.callback_id });
    const trouble = complaint(`“${shortcut.name}”`, said);
    if (trouble) note(me, channel.id, trouble);
  }

  return (
    <section className={`conversation ${root ? "with-thread" : ""}`} aria-label={name}>
      <div className="channel">
        <header className="channel-header">
          <button type="button" className="icon-button menu-button" aria-label="People and channels" onClick={onMenu}>
            <span aria-hidden="true">☰</span>
            <Avatar person={people.get(me)!} small />
          </button>
          <h2>{channel.dm ? name : <><span aria-hidden="true">#</span> {channel.name}</>}</h2>
          {channel.dm ? (
            <div role="tablist" aria-label="dbaccess" className="tabs">
              {(["home", "messages"] as const).map((one) => (
                <button key={one} type="button" role="tab" aria-selected={tab === one} onClick={() => setTab(one)}>
                  {one === "home" ? "Home" : "Messages"}
                </button>
              ))}
            </div>
          ) : (
            <span className="members">{channel.members} members</span>
          )}
        </header>
        {channel.dm && tab === "home" ? (
          <Home view={state.home} />
        ) : (
          <>
            <MessageList
              label={`Messages in ${name}`}
              messages={main}
              people={people}
              firstNew={firstNew}
              notices={notices}
              onDismiss={dismiss}
              onPress={press}
              onThread={setThreadOf}
              empty={channel.dm ? "dbaccess writes to you here." : "Nobody has said anything here yet."}
            />
            {channel.writable && (
              <Composer
                before={<Shortcuts shortcuts={setting.shortcuts} onChoose={choose} />}
                label={`Message ${name}`}
                placeholder={`Message ${name}`}
                command={setting.command}
                given={given}
                onTaken={onTaken}
                onSend={send}
              />
            )}
          </>
        )}
      </div>
      {root && (
        <Thread
          key={root.ts}
          root={root}
          where={name}
          replies={channel.messages.filter((one) => one.thread_ts === root.ts)}
          people={people}
          onPress={press}
          writable={channel.writable}
          onClose={() => setThreadOf(null)}
          onSend={async (text) => {
            const said = await act("say", { person: me, channel: channel.id, text, thread_ts: root.ts });
            const trouble = complaint("Sending", said);
            if (trouble) note(me, channel.id, trouble);
          }}
        />
      )}
    </section>
  );
}

/** What is on the screen counts as read. */
function useReading(channel: Channel, me: string) {
  const last = channel.messages.at(-1)?.ts;
  useEffect(() => {
    if (channel.unread && last && !document.hidden) {
      void act("read", { person: me, channel: channel.id, ts: last });
    }
  }, [channel.id, channel.unread, last, me]);
}

function firstUnread(channel: Channel, me: string): string | null {
  if (!channel.unread) return null;
  const others = channel.messages.filter((one) => !one.thread_ts && !one.ephemeral && one.user !== me);
  return others.at(-channel.unread)?.ts ?? null;
}
