import { useEffect, useMemo, useRef } from "react";
import type { Message, Person } from "../types";
import { Composer } from "./Composer";
import { MessageList } from "./MessageList";
import type { MessageView } from "./MessageView";

type Props = {
  root: Message;
  where: string;
  replies: Message[];
  people: Map<string, Person>;
  writable: boolean;
  onPress: React.ComponentProps<typeof MessageView>["onPress"];
  onSend: (text: string) => Promise<void>;
  onClose: () => void;
};

/** A thread beside its channel; commands do not work here, as in Slack. */
export function Thread({ root, where, replies, people, writable, onPress, onSend, onClose }: Props) {
  const messages = useMemo(() => [root, ...replies], [root, replies]);
  const close = useRef<HTMLButtonElement>(null);
  useEffect(() => close.current?.focus(), []);

  return (
    <aside className="thread" aria-label="Thread" onKeyDown={(event) => event.key === "Escape" && onClose()}>
      <header className="channel-header">
        <h2>Thread <span className="members">{where}</span></h2>
        <button ref={close} type="button" className="icon-button" aria-label="Close thread" onClick={onClose}>✕</button>
      </header>
      <MessageList label="Thread" messages={messages} people={people} onPress={onPress} empty="" />
      {writable && <Composer label="Reply in thread" placeholder="Reply…" onSend={onSend} />}
    </aside>
  );
}
