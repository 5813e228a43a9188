import { Fragment, useLayoutEffect, useRef, useState } from "react";
import { dayOf } from "../time";
import type { Message, Person } from "../types";
import { MessageView } from "./MessageView";
import type { Notice } from "./notices";

type Props = {
  label: string;
  messages: Message[];
  people: Map<string, Person>;
  firstNew?: string | null;
  notices?: Notice[];
  onDismiss?: (id: number) => void;
  onPress: React.ComponentProps<typeof MessageView>["onPress"];
  onThread?: (ts: string) => void;
  empty: string;
};

const NEAR_PX = 80;

/** Messages, oldest first; stays at the end unless somebody scrolled up to read. */
export function MessageList({ label, messages, people, firstNew, notices = [], onDismiss, onPress, onThread, empty }: Props) {
  const list = useRef<HTMLDivElement>(null);
  const atEnd = useRef(true);
  const [below, setBelow] = useState(0);
  const count = messages.length + notices.length;
  const counted = useRef(count);

  useLayoutEffect(() => {
    const shown = list.current;
    if (!shown) return;
    if (atEnd.current) shown.scrollTop = shown.scrollHeight;
    else if (count > counted.current) setBelow((n) => n + count - counted.current);
    counted.current = count;
  }, [messages, notices, count]);

  function toEnd() {
    list.current?.scrollTo({ top: list.current.scrollHeight });
  }

  function noteScroll() {
    const shown = list.current;
    if (!shown) return;
    atEnd.current = shown.scrollHeight - shown.scrollTop - shown.clientHeight < NEAR_PX;
    if (atEnd.current) setBelow(0);
  }

  return (
    <div className="list-frame">
      <div className="list" ref={list} role="log" aria-label={label} tabIndex={0} onScroll={noteScroll}>
        {!count && <p className="empty">{empty}</p>}
        {messages.map((message, i) => {
          const day = dayOf(Number(message.ts));
          const before = messages[i - 1];
          const newDay = !before || dayOf(Number(before.ts)) !== day;
          const author = people.get(message.user);
          return (
            <Fragment key={message.ts}>
              {newDay && <p className="day"><span>{day}</span></p>}
              {message.ts === firstNew && <p className="new"><span>New</span></p>}
              {author && <MessageView message={message} person={author} onPress={onPress} onThread={onThread} />}
            </Fragment>
          );
        })}
        {notices.map((notice) => (
          <div key={notice.id} className="notice" role="alert">
            <span aria-hidden="true">⚠</span>
            <p>{notice.text}<small>Only visible to you</small></p>
            <button type="button" className="icon-button" aria-label="Dismiss" onClick={() => onDismiss?.(notice.id)}>✕</button>
          </div>
        ))}
      </div>
      {below > 0 && (
        <button type="button" className="to-end" onClick={toEnd}>
          {below} new {below === 1 ? "message" : "messages"} ↓
        </button>
      )}
    </div>
  );
}
