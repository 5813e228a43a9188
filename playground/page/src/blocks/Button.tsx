import { useState } from "react";
import type { Block, Confirm, Element } from "../types";
import { Dialog } from "../Dialog";
import { labelOf, usePress } from "./press";
import { Mrkdwn, Plain } from "./Mrkdwn";

/** A button of the bot: asks back where the bot wants that, and waits for its answer. */
export function Button({ block, element }: { block: Block; element: Element }) {
  const press = usePress();
  const [asking, setAsking] = useState(false);
  const [busy, setBusy] = useState(false);

  async function go() {
    setAsking(false);
    if (element.url) window.open(element.url, "_blank", "noopener");
    setBusy(true);
    await press(element.action_id ?? "", element.value ?? null, block, element);
    setBusy(false);
  }

  return (
    <>
      <button
        type="button"
        className={`button ${element.style ?? ""}`}
        aria-disabled={busy}
        aria-busy={busy}
        onClick={() => !busy && (element.confirm ? setAsking(true) : void go())}
      >
        <Plain text={labelOf(element)} />
        {busy && <span className="spinner" aria-hidden="true" />}
      </button>
      {asking && element.confirm && (
        <AskBack confirm={element.confirm} onYes={go} onNo={() => setAsking(false)} />
      )}
    </>
  );
}

export function AskBack({ confirm, onYes, onNo }: { confirm: Confirm; onYes: () => void; onNo: () => void }) {
  return (
    <Dialog title={confirm.title.text} onClose={onNo}>
      <p>{confirm.text.type === "mrkdwn" ? <Mrkdwn text={confirm.text.text} /> : <Plain text={confirm.text.text} />}</p>
      <footer>
        <button type="button" className="button" onClick={onNo}>{confirm.deny.text}</button>
        <button type="button" className={`button ${confirm.style ?? "primary"}`} onClick={onYes} autoFocus>
          {confirm.confirm.text}
        </button>
      </footer>
    </Dialog>
  );
}
