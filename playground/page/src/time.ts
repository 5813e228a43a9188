import { useEffect, useState } from "react";

const DAY = 86_400;
const told = { now: Date.now() / 1000, rate: 1, at: performance.now() };

/** Take over the playground's time, in Unix seconds, and how fast it runs. */
export function setTime(now: number, rate: number) {
  Object.assign(told, { now, rate, at: performance.now() });
}

/** The playground's present, in Unix seconds. */
export function present(): number {
  return told.now + ((performance.now() - told.at) / 1000) * told.rate;
}

/** The playground's present, looked at again every so many milliseconds. */
export function useNow(everyMs = 1000): number {
  const [now, setNow] = useState(present);
  useEffect(() => {
    const timer = setInterval(() => setNow(present()), everyMs);
    return () => clearInterval(timer);
  }, [everyMs]);
  return now;
}

/** `4:39 AM` where the reader's clock has twelve hours, as in Slack; never broken over two lines. */
export function clockTime(at: number, seconds = false): string {
  const shown = format(at, { hour: "numeric", minute: "2-digit", second: seconds ? "2-digit" : undefined });
  return shown.replace(/\s/g, "\u00a0");
}

/** `12 weeks`, `4 min`, `now`. */
export function span(seconds: number): string {
  const s = Math.max(0, Math.floor(seconds));
  if (s < 60) return `${s} s`;
  if (s < 3600) return `${Math.floor(s / 60)} min`;
  if (s < 2 * DAY) return `${Math.floor(s / 3600)} h ${Math.floor((s % 3600) / 60)} min`;
  if (s < 14 * DAY) return `${Math.floor(s / DAY)} days`;
  return `${Math.floor(s / (7 * DAY))} weeks`;
}

/** `2:04:09`, to count down with. */
export function countdown(seconds: number): string {
  const s = Math.max(0, Math.ceil(seconds));
  const two = (n: number) => String(n).padStart(2, "0");
  const [h, m] = [Math.floor(s / 3600), Math.floor((s % 3600) / 60)];
  return h ? `${h}:${two(m)}:${two(s % 60)}` : `${m}:${two(s % 60)}`;
}

export function dayOf(at: number): string {
  return pretty(at, { weekday: "long", month: "long", day: "numeric" }, true);
}

/** What Slack makes of `<!date^…>`: the reader's own time zone and language. */
export function slackDate(at: number, pattern: string, now: number): string {
  const forms: Record<string, () => string> = {
    date_num: () => new Date(at * 1000).toISOString().slice(0, 10),
    date_slash: () => format(at, { year: "numeric", month: "2-digit", day: "2-digit" }),
    date: () => format(at, { year: "numeric", month: "long", day: "numeric" }),
    date_short: () => format(at, SHORT),
    date_long: () => format(at, LONG),
    date_pretty: () => pretty(at, { year: "numeric", month: "long", day: "numeric" }),
    date_short_pretty: () => pretty(at, SHORT),
    date_long_pretty: () => pretty(at, LONG),
    time: () => clockTime(at),
    time_secs: () => clockTime(at, true),
    ago: () => ago(at, now),
  };
  return pattern.replace(/\{(\w+)\}/g, (whole, name) => forms[name]?.() ?? whole);
}

const SHORT: Intl.DateTimeFormatOptions = { year: "numeric", month: "short", day: "numeric" };
const LONG: Intl.DateTimeFormatOptions = {
  weekday: "long", year: "numeric", month: "long", day: "numeric",
};

/** Making a formatter is slow, and hundreds of messages need the same few. */
const formatters = new Map<string, Intl.DateTimeFormat>();

function format(at: number, options: Intl.DateTimeFormatOptions): string {
  const key = JSON.stringify(options);
  const known = formatters.get(key) ?? new Intl.DateTimeFormat(undefined, options);
  formatters.set(key, known);
  return known.format(at * 1000);
}

function pretty(at: number, options: Intl.DateTimeFormatOptions, capital = false): string {
  const midnight = (of: number) => new Date(of * 1000).setHours(0, 0, 0, 0) / 1000;
  const days = Math.round((midnight(at) - midnight(present())) / DAY);
  const near = new Map([[0, "today"], [-1, "yesterday"], [1, "tomorrow"]]).get(days);
  if (near === undefined) return format(at, options);
  return capital ? near[0]!.toUpperCase() + near.slice(1) : near;
}

function ago(at: number, now: number): string {
  const seconds = at - now;
  const words = new Intl.RelativeTimeFormat(undefined, { numeric: "auto" });
  const units: [Intl.RelativeTimeFormatUnit, number][] = [
    ["week", 7 * DAY], ["day", DAY], ["hour", 3600], ["minute", 60],
  ];
  for (const [unit, size] of units) {
    if (Math.abs(seconds) >= size) return words.format(Math.trunc(seconds / size), unit);
  }
  return words.format(Math.trunc(seconds), "second");
}
