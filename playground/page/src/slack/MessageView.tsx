import { memo, useCallback } from "react";
import { Blocks } from "../blocks/Blocks";
import { Mrkdwn } from "../blocks/Mrkdwn";
import { PressContext, type Press } from "../blocks/press";
import { clockTime } from "../time";
import type { Message, Person } from "../types";
import { Avatar } from "./Avatar";

type Props = {
  message: Message;
  person: Person;
  onPress: (message: Message, ...pressed: Parameters<Press>) => Promise<void>;
  onThread?: (ts: string) => void;
};

/** One message, as everybody or only its reader sees it. */
export const MessageView = memo(function MessageView({ message, person, onPress, onThread }: Props) {
  const press = useCallback<Press>((...pressed) => onPress(message, ...pressed), [message, onPress]);
  const at = Number(message.ts);
  return (
    <article className={`message ${message.ephemeral ? "ephemeral" : ""}`} data-ts={message.ts}>
      <Avatar person={person} />
      <div className="message-body">
        {message.ephemeral && <p className="only-you"><Eye /> Only visible to you</p>}
        <header>
          <strong>{person.name}</strong>
          {person.kind === "app" && <span className="badge">APP</span>}
          {person.kind === "stranger" && <span className="badge">EXTERNAL</span>}
          {person.kind === "guest" && <span className="badge">GUEST</span>}
          <time dateTime={new Date(at * 1000).toISOString()} title={new Date(at * 1000).toLocaleString()}>{clockTime(at)}</time>
        </header>
        <PressContext value={press}>
          {message.blocks.length ? <Blocks blocks={message.blocks} /> : <p><Mrkdwn text={message.text} /></p>}
        </PressContext>
        {message.edits > 0 && <span className="edited">(edited)</span>}
        {onThread && message.replies > 0 && (
          <button type="button" className="replies" onClick={() => onThread(message.ts)}>
            {message.replies} {message.replies === 1 ? "reply" : "replies"}
            <span> Last at {clockTime(Number(message.last_reply))}</span>
          </button>
        )}
      </div>
      {onThread && !message.ephemeral && (
        <button type="button" className="reply icon-button" aria-label={`Reply in thread to ${person.name}, ${clockTime(at)}`} onClick={() => onThread(message.ts)}>
          <Bubble />
        </button>
      )}
    </article>
  );
});

function Eye() {
  return (
    <svg aria-hidden="true" viewBox="0 0 20 20" width="14" height="14" fill="none" stroke="currentColor" strokeWidth="1.6">
      <path d="M1.5 10S4.5 4.5 10 4.5 18.5 10 18.5 10 15.5 15.5 10 15.5 1.5 10 1.5 10Z" />
      <circle cx="10" cy="10" r="2.4" />
    </svg>
  );
}

function Bubble() {
  return (
    <svg aria-hidden="true" viewBox="0 0 20 20" width="16" height="16" fill="none" stroke="currentColor" strokeWidth="1.6" strokeLinejoin="round">
      <path d="M3 4h14v9H9l-4 3.5V13H3z" />
    </svg>
  );
}
