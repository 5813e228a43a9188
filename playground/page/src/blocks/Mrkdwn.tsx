import { Fragment, memo, type ReactNode } from "react";
import { slackDate, useNow } from "../time";
import { withEmoji } from "./emoji";
import { useNames } from "./names";

/** Slack's mrkdwn: code, quotes, *bold*, _italic_, ~strike~, and what stands between < and >. */
export const Mrkdwn = memo(function Mrkdwn({ text }: { text: string }) {
  return <>{text.split(/```\n?([\s\S]*?)```/).map((part, i) => (i % 2 ? <pre key={i}>{plain(part)}</pre> : <Lines key={i} text={part} />))}</>;
});

/** Plain text with emoji names. */
export function Plain({ text }: { text: string }) {
  return <>{withEmoji(text)}</>;
}

function Lines({ text }: { text: string }) {
  const runs: { quoted: boolean; lines: string[] }[] = [];
  for (const line of text.split("\n")) {
    const quoted = /^(>|&gt;) ?/.test(line);
    const last = runs.at(-1);
    const said = quoted ? line.replace(/^(>|&gt;) ?/, "") : line;
    if (last?.quoted === quoted) last.lines.push(said);
    else runs.push({ quoted, lines: [said] });
  }
  return (
    <>
      {runs.map((run, i) => {
        const lines = run.lines.map((line, n) => (
          <Fragment key={n}>
            {n > 0 && <br />}
            <Inline text={line} />
          </Fragment>
        ));
        return run.quoted ? <blockquote key={i}>{lines}</blockquote> : <Fragment key={i}>{lines}</Fragment>;
      })}
    </>
  );
}

/**
 * Code and what stands between < and > are taken out first, each for a character that nobody
 * writes: no style is read in them, and a style may reach over them.
 */
function Inline({ text }: { text: string }) {
  const kept: ReactNode[] = [];
  const marked = text.replace(/`([^`\n]+)`|<([^<>\n]+)>/g, (_, code?: string, entity?: string) => {
    kept.push(code === undefined ? <Entity text={entity!} /> : <code>{plain(code)}</code>);
    return `\uE000${kept.length - 1}\uE001`;
  });
  return <Styled text={marked} kept={kept} />;
}

const STYLES: [RegExp, "strong" | "em" | "s"][] = [
  [/(?<![\p{L}\p{N}*])\*(?=\S)([^*]*\S)\*(?![\p{L}\p{N}*])/u, "strong"],
  [/(?<![\p{L}\p{N}_])_(?=\S)([^_]*\S)_(?![\p{L}\p{N}_])/u, "em"],
  [/(?<![\p{L}\p{N}~])~(?=\S)([^~]*\S)~(?![\p{L}\p{N}~])/u, "s"],
];

function Styled({ text, kept }: { text: string; kept: ReactNode[] }): ReactNode {
  for (const [pattern, Tag] of STYLES) {
    const found = pattern.exec(text);
    if (found) {
      return (
        <>
          <Styled text={text.slice(0, found.index)} kept={kept} />
          <Tag><Styled text={found[1]!} kept={kept} /></Tag>
          <Styled text={text.slice(found.index + found[0].length)} kept={kept} />
        </>
      );
    }
  }
  return text
    .split(/\uE000(\d+)\uE001/)
    .map((part, i) => <Fragment key={i}>{i % 2 ? kept[Number(part)] : withEmoji(plain(part))}</Fragment>);
}

function Entity({ text }: { text: string }) {
  const names = useNames();
  const [what, label] = cut(text, "|");
  if (what.startsWith("@")) return <span className="mention">@{names.person(what.slice(1))}</span>;
  if (what.startsWith("#")) return <span className="mention">#{names.channel(what.slice(1))}</span>;
  if (what.startsWith("!subteam^")) return <span className="mention">@{names.group(what.slice(9))}</span>;
  if (what.startsWith("!date^")) return <DateText what={what} fallback={label ?? ""} />;
  if (what.startsWith("!")) return <span className="mention">@{what.slice(1)}</span>;
  if (/^(https?|mailto):/.test(what)) {
    return <a href={plain(what)} target="_blank" rel="noreferrer noopener">{plain(label ?? what)}</a>;
  }
  return <>{plain(`<${text}>`)}</>;
}

function DateText({ what, fallback }: { what: string; fallback: string }) {
  const now = useNow(10_000);
  const [, stamp, pattern] = what.split("^");
  const at = Number(stamp);
  if (!pattern || !Number.isFinite(at)) return <>{plain(fallback)}</>;
  const exact = new Date(at * 1000);
  return <time dateTime={exact.toISOString()} title={exact.toLocaleString()}>{slackDate(at, pattern, now)}</time>;
}

function cut(text: string, at: string): [string, string?] {
  const where = text.indexOf(at);
  return where < 0 ? [text] : [text.slice(0, where), text.slice(where + 1)];
}

function plain(text: string): string {
  return text.replaceAll("&lt;", "<").replaceAll("&gt;", ">").replaceAll("&amp;", "&");
}
