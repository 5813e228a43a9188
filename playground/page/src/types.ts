export type Text = { type: "plain_text" | "mrkdwn"; text: string };
export type Option = { text: Text; value: string; description?: Text };
export type Confirm = { title: Text; text: Text; confirm: Text; deny: Text; style?: "primary" | "danger" };

export type Element = {
  type: string;
  action_id?: string;
  text?: Text & string;
  value?: string;
  url?: string;
  style?: "primary" | "danger";
  confirm?: Confirm;
  placeholder?: Text;
  options?: Option[];
  option_groups?: { label: Text; options: Option[] }[];
  initial_option?: Option;
  multiline?: boolean;
  min_length?: number;
  max_length?: number;
  min_value?: string;
  max_value?: string;
  is_decimal_allowed?: boolean;
  min_query_length?: number;
  focus_on_load?: boolean;
  image_url?: string;
  alt_text?: string;
  elements?: Element[];
};

export type Block = {
  type: string;
  block_id: string;
  text?: Text;
  fields?: Text[];
  accessory?: Element;
  elements?: Element[];
  element?: Element;
  label?: Text;
  hint?: Text;
  optional?: boolean;
  dispatch_action?: boolean;
  alt_text?: string;
  title?: Text;
};

export type View = {
  id: string;
  type: "modal" | "home";
  hash: string;
  title?: Text;
  submit?: Text | null;
  close?: Text | null;
  blocks: Block[];
  state: { values: Record<string, Record<string, Record<string, unknown>>> };
};

export type Message = {
  ts: string;
  user: string;
  text: string;
  blocks: Block[];
  thread_ts: string | null;
  ephemeral: boolean;
  edits: number;
  replies: number;
  last_reply: string | null;
};

export type Person = {
  id: string;
  name: string;
  kind: "app" | "member" | "guest" | "stranger";
  unread: number;
  hue: number;
};

export type Channel = {
  id: string;
  name: string;
  dm: boolean;
  /** Whether Slack shows a composer here. */
  writable: boolean;
  members: number;
  unread: number;
  messages: Message[];
};

export type Rule = {
  uuid: string;
  type: string;
  value: string;
  created_at: string;
  description: string | null;
  ours: boolean;
};

export type Cluster = {
  id: string;
  name: string;
  engine: string;
  version: string;
  region: string;
  rules: Rule[];
};

export type Fault = {
  kind: string;
  code: number | null;
  seconds: number;
  method: string | null;
  times: number | null;
};

export type Api = "digitalocean" | "slack";

export type Call = {
  to: Api | "bot";
  what: string;
  status: number;
  ms: number;
  at: number;
  ok: boolean;
  error: string | null;
};

export type State = {
  person: string;
  now: number;
  rate: number;
  bot: boolean | null;
  people: Person[];
  groups: { id: string; handle: string }[];
  channels: Channel[];
  modal: View | null;
  home: View | null;
  clusters: Cluster[];
  faults: Record<Api, { pending: Fault[]; hanging: number }>;
  calls: Call[];
  steps_done: boolean[];
  problems: string[];
};

export type Step = {
  text: string;
  button: string;
  be: string | null;
  channel: string | null;
  typed: string | null;
  rate: number | null;
};

export type Command = { name: string; description: string; usage_hint: string };

export type Setting = {
  roles: { user_id: string; part: string }[];
  command: Command;
  shortcuts: { callback_id: string; name: string }[];
  steps: Step[];
  channel: string;
  label: string;
};
