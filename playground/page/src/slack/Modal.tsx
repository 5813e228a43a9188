import { useContext, useEffect, useRef, useState } from "react";
import { act } from "../api";
import { Blocks } from "../blocks/Blocks";
import { labelOf, PressContext, type Press } from "../blocks/press";
import { Dialog } from "../Dialog";
import type { Block, View } from "../types";
import { Field } from "./Field";
import { entered, initialValues, problems, stillHeld, type Values } from "./form";
import { MeContext } from "./me";
import { complaint } from "./notices";

/** A modal of the bot: filled in, checked, sent off; it stays open with what was wrong. */
export function Modal({ view }: { view: View }) {
  const me = useContext(MeContext);
  const [values, setValues] = useState<Values>(() => initialValues(view));
  const [errors, setErrors] = useState<Record<string, string>>({});
  const [trouble, setTrouble] = useState<string | null>(null);
  const [busy, setBusy] = useState(false);
  const form = useRef<HTMLFormElement>(null);
  const sent = useRef<Promise<unknown>>(Promise.resolve());
  const title = view.title?.text ?? "";

  // The bot changed the form: what is still there keeps what was entered, the rest is forgotten.
  useEffect(() => setValues((held) => stillHeld(view, held)), [view.hash]);

  useEffect(() => {
    const first = Object.keys(errors)[0];
    if (first) form.current?.querySelector<HTMLElement>(`[data-block="${CSS.escape(first)}"] :is(input, textarea, select)`)?.focus();
  }, [errors]);

  /** Presses reach the bot in the order in which they were made. */
  async function tell(label: string, name: string, value: string | null, now: Values) {
    const body = { person: me, view: view.id, name, value, values: entered(view, now) };
    const said = sent.current.then(() => act("press_in_view", body));
    sent.current = said;
    setTrouble(complaint(`“${label}”`, await said));
  }

  const press: Press = (name, value, _, element) => tell(labelOf(element), name, value, values);

  /** A choice that the bot wants to hear of at once. */
  function dispatch(block: Block, value: string, now: Values) {
    return tell(block.label?.text ?? "", block.element!.action_id!, value, now);
  }

  async function submit(event: React.FormEvent) {
    event.preventDefault();
    if (busy) return;
    const found = problems(view, values);
    setErrors(found);
    setTrouble(null);
    if (Object.keys(found).length) return;
    setBusy(true);
    const said = await act("submit", { person: me, values: entered(view, values) });
    setBusy(false);
    setErrors(said.errors ?? {});
    setTrouble(complaint("Sending", said));
  }

  return (
    <Dialog title={title} onClose={() => void act("close", { person: me })}>
      <form ref={form} onSubmit={submit} noValidate>
        <PressContext value={press}>
          <Blocks
            blocks={view.blocks}
            input={(block) => (
              <Field
                block={block}
                value={values[block.block_id] ?? null}
                error={errors[block.block_id]}
                onChange={(value) => {
                  setValues((held) => ({ ...held, [block.block_id]: value }));
                  if (block.dispatch_action && typeof value === "string" && block.element && !/input$/.test(block.element.type)) {
                    const now = { ...values, [block.block_id]: value };
                    void dispatch(block, value, now);
                  }
                }}
              />
            )}
          />
        </PressContext>
        {trouble && <p className="error" role="alert">{trouble}</p>}
        <footer>
          <button type="button" className="button" onClick={() => void act("close", { person: me })}>
            {view.close?.text ?? "Cancel"}
          </button>
          {view.submit && (
            <button type="submit" className="button primary" aria-disabled={busy} aria-busy={busy}>
              {view.submit.text}
              {busy && <span className="spinner" aria-hidden="true" />}
            </button>
          )}
        </footer>
      </form>
    </Dialog>
  );
}
