import { createRoot } from "react-dom/client";
import { getSetting } from "./api";
import { App } from "./App";
import "./styles/base.css";
import "./styles/slack.css";
import "./styles/blocks.css";
import "./styles/cloud.css";
import "./styles/narrow.css";

const root = createRoot(document.getElementById("root")!);
getSetting().then(
  (setting) => root.render(<App setting={setting} />),
  () => root.render(<p className="empty" role="alert">The playground does not answer. Is it still running?</p>),
);
