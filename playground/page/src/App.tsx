import { useEffect, useMemo, useRef, useState } from "react";
import { act } from "./api";
import { NamesContext, namesIn } from "./blocks/names";
import { PeopleContext } from "./blocks/people";
import { Calls } from "./Calls";
import { ClockBar } from "./ClockBar";
import { CloudPanel } from "./cloud/CloudPanel";
import { Conversation } from "./slack/Conversation";
import { MeContext } from "./slack/me";
import { Modal } from "./slack/Modal";
import { useNotices } from "./slack/notices";
import { Sidebar } from "./slack/Sidebar";
import { Tour } from "./Tour";
import type { Setting, State, Step } from "./types";
import { usePlace } from "./place";
import { useWorld } from "./world";

const SIDES = [["slack", "Slack"], ["cloud", "DigitalOcean"], ["calls", "API calls"]] as const;

/** The playground: a small Slack, a small DigitalOcean, the calls between, and the clock. */
export function App({ setting }: { setting: Setting }) {
  const [place, go] = usePlace(setting);
  const { state, live } = useWorld(place.person);
  const { notices, note, dismiss } = useNotices();
  const [given, setGiven] = useState<{ text: string } | null>(null);
  const shown = useRef(place.channel);
  const [side, setSide] = useState<string>("slack");
  const [menu, setMenu] = useState(false);

  useEffect(() => setMenu(false), [place.person, place.channel]);

  function follow(step: Step) {
    if (step.be || step.channel) {
      setSide("slack");
      go({ person: step.be ?? place.person, channel: step.channel ?? place.channel });
    }
    setGiven(step.typed ? { text: step.typed } : null);
    if (step.rate) void act("clock", { rate: step.rate });
  }

  // Until the next person's state is here, the last one's stays on the screen as it was.
  if (state?.person === place.person) shown.current = place.channel;
  if (!state) return <p className="empty" role="status">The playground comes up…</p>;
  return (
    <div className="playground" data-side={side}>
      <header className="top">
        <h1><img src="/icon.svg" alt="" width="24" height="24" /> dbaccess <span>playground</span></h1>
        <ClockBar rate={state.rate} />
        {state.bot !== null && <BotSwitch on={state.bot} />}
        {!live && <p className="offline" role="alert">The playground does not answer. Is it still running?</p>}
      </header>
      <Tour setting={setting} done={state.steps_done} onStep={follow} />
      <main className="parts">
        <Slack {...{ setting, state, notices, note, dismiss, given, setGiven, go, menu, setMenu }} channelId={shown.current} wanted={place.person} />
        <CloudPanel state={state} />
        <Calls calls={state.calls} />
      </main>
      <nav className="sides" aria-label="Parts of the page">
        {SIDES.map(([name, label]) => (
          <button key={name} type="button" aria-current={side === name ? "page" : undefined} onClick={() => setSide(name)}>
            {label}
          </button>
        ))}
      </nav>
    </div>
  );
}

type SlackProps = Pick<ReturnType<typeof useNotices>, "notices" | "note" | "dismiss"> & {
  setting: Setting;
  state: State;
  channelId: string;
  wanted: string;
  given: { text: string } | null;
  setGiven: (given: null) => void;
  go: ReturnType<typeof usePlace>[1];
  menu: boolean;
  setMenu: (open: boolean) => void;
};

function Slack({ setting, state, notices, note, dismiss, given, setGiven, go, channelId, wanted, menu, setMenu }: SlackProps) {
  const me = state.person;
  const people = useMemo(() => new Map(state.people.map((one) => [one.id, one])), [state.people]);
  const named = JSON.stringify([state.people.map((one) => one.name), state.channels.map((one) => one.name), state.groups]);
  const names = useMemo(() => namesIn(state), [named]);
  const directory = useMemo(
    () => ({
      people: state.people.filter((one) => one.kind !== "app").map((one) => one.id),
      channels: state.channels.filter((one) => !one.dm).map((one) => one.id),
    }),
    [named],
  );
  const channel = state.channels.find((one) => one.id === channelId) ?? state.channels[0]!;
  return (
    <MeContext value={me}>
      <NamesContext value={names}>
        <PeopleContext value={directory}>
          <section className="slack" aria-label="Slack">
            <Sidebar
              {...{ state, setting, people, wanted }}
              channelId={channel.id}
              open={menu}
              onBe={(person) => go({ person, channel: channel.dm ? dmOf(person) : channel.id })}
              onChannel={(id) => go({ person: me, channel: id })}
              onClose={() => setMenu(false)}
            />
            {menu && <div className="backdrop" onClick={() => setMenu(false)} />}
            <Conversation
              key={`${me}/${channel.id}`}
              {...{ state, channel, setting, people, note, dismiss, given }}
              onTaken={() => setGiven(null)}
              notices={notices.filter((one) => one.person === me && one.channel === channel.id)}
              onMenu={() => setMenu(!menu)}
            />
          </section>
          {state.modal && <Modal key={`${me}/${state.modal.id}`} view={state.modal} />}
        </PeopleContext>
      </NamesContext>
    </MeContext>
  );
}

function BotSwitch({ on }: { on: boolean }) {
  const [busy, setBusy] = useState(false);
  return (
    <button
      type="button"
      role="switch"
      aria-checked={on}
      aria-disabled={busy}
      className="switch"
      title="Stop the bot, as a crash or a deployment would, and start it again"
      onClick={async () => {
        if (busy) return;
        setBusy(true);
        await act("bot", { to: on ? "off" : "on" });
        setBusy(false);
      }}
    >
      <span className="track" aria-hidden="true" /> Bot {busy ? "…" : on ? "runs" : "is off"}
    </button>
  );
}

/** Direct messages with the bot are named for the person. */
function dmOf(person: string): string {
  return `D${person.slice(1)}`;
}
