import type { ReactNode } from "react";
import { slackDate, useNow } from "../time";
import type { Element } from "../types";
import { withEmoji } from "./emoji";
import { useNames } from "./names";

type Piece = Element & {
  user_id?: string;
  channel_id?: string;
  usergroup_id?: string;
  range?: string;
  name?: string;
  timestamp?: number;
  format?: string;
  fallback?: string;
  indent?: number;
};
type Look = { bold?: boolean; italic?: boolean; strike?: boolean; code?: boolean };

/** Rich text: sections, quotes, preformatted text and lists of pieces; nothing in it is parsed. */
export function RichText({ elements }: { elements: Element[] }) {
  return (
    <>
      {elements.map((part, i) => {
        const inside = part.elements?.map((piece, n) => <OnePiece key={n} piece={piece} />);
        switch (part.type) {
          case "rich_text_quote":
            return <blockquote key={i}>{inside}</blockquote>;
          case "rich_text_preformatted":
            return <pre key={i}>{inside}</pre>;
          case "rich_text_list": {
            const items = part.elements?.map((item, n) => (
              <li key={n}>{item.elements?.map((piece, m) => <OnePiece key={m} piece={piece} />)}</li>
            ));
            return (part.style as string) === "ordered" ? <ol key={i}>{items}</ol> : <ul key={i}>{items}</ul>;
          }
          default:
            return <p key={i}>{inside}</p>;
        }
      })}
    </>
  );
}

function OnePiece({ piece }: { piece: Piece }) {
  const names = useNames();
  const now = useNow(10_000);
  switch (piece.type) {
    case "user":
      return <span className="mention">@{names.person(piece.user_id ?? "")}</span>;
    case "channel":
      return <span className="mention">#{names.channel(piece.channel_id ?? "")}</span>;
    case "usergroup":
      return <span className="mention">@{names.group(piece.usergroup_id ?? "")}</span>;
    case "broadcast":
      return <span className="mention">@{piece.range}</span>;
    case "emoji":
      return <>{withEmoji(`:${piece.name}:`)}</>;
    case "date":
      return <time>{slackDate(piece.timestamp ?? 0, piece.format ?? "", now)}</time>;
    case "link":
      return <a href={piece.url} target="_blank" rel="noreferrer noopener">{piece.text ?? piece.url}</a>;
    default:
      return <>{styled(String(piece.text ?? ""), piece.style as Look | undefined)}</>;
  }
}

function styled(text: string, look: Look = {}): ReactNode {
  let shown: ReactNode = text;
  if (look.code) shown = <code>{shown}</code>;
  if (look.bold) shown = <strong>{shown}</strong>;
  if (look.italic) shown = <em>{shown}</em>;
  if (look.strike) shown = <s>{shown}</s>;
  return shown;
}
