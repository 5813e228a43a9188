/** The emoji names that the bot uses, and the most usual others. */
const EMOJI: Record<string, string> = {
  "+1": "👍", "-1": "👎", alarm_clock: "⏰", arrow_right: "➡️", arrows_counterclockwise: "🔄",
  bell: "🔔", boom: "💥", bulb: "💡", bust_in_silhouette: "👤", calendar: "📅", clipboard: "📋",
  clock1: "🕐", closed_lock_with_key: "🔐", computer: "💻", construction: "🚧", eyes: "👀",
  fire: "🔥", gear: "⚙️", globe_with_meridians: "🌐", green_circle: "🟢", grey_question: "❔",
  hammer_and_wrench: "🛠️", heavy_check_mark: "✔️", heavy_minus_sign: "➖", heavy_plus_sign: "➕",
  hourglass: "⌛", hourglass_flowing_sand: "⏳", information_source: "ℹ️", key: "🔑",
  large_green_circle: "🟢", large_yellow_circle: "🟡", link: "🔗", lock: "🔒",
  lock_with_ink_pen: "🔏", mag: "🔍", memo: "📝", no_entry: "⛔", no_entry_sign: "🚫",
  ok_hand: "👌", page_facing_up: "📄", pencil: "📝", pencil2: "✏️", point_right: "👉",
  pushpin: "📌", question: "❓", raised_hand: "✋", recycle: "♻️", red_circle: "🔴",
  repeat: "🔁", round_pushpin: "📍", robot_face: "🤖", rotating_light: "🚨", satellite: "📡", scroll: "📜",
  shield: "🛡️", smile: "😄", sos: "🆘", stop_sign: "🛑", stopwatch: "⏱️", tada: "🎉",
  thumbsdown: "👎", thumbsup: "👍", timer_clock: "⏲️", traffic_light: "🚥", unlock: "🔓",
  warning: "⚠️", wastebasket: "🗑️", wave: "👋", white_check_mark: "✅", white_circle: "⚪",
  wrench: "🔧", x: "❌", zap: "⚡", zzz: "💤",
};

/** Text with `:names:` turned into emoji; unknown names stay as they are, as in Slack. */
export function withEmoji(text: string): string {
  return text.replace(/:([a-z0-9_+-]+):/g, (whole, name) => EMOJI[name] ?? whole);
}
