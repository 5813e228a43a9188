import { useContext, useState } from "react";
import type { Block, Element } from "../types";
import { AskBack } from "./Button";
import { Menu } from "./Menu";
import { usePress } from "./press";
import { OptionTags, optionsOf } from "./options";
import { useNames } from "./names";
import { PeopleContext } from "./people";

/** A menu, date or group of options outside of a form: a choice reaches the bot at once. */
export function Choice({ block, element }: { block: Block; element: Element }) {
  const press = usePress();
  const [busy, setBusy] = useState(false);
  const [asking, setAsking] = useState<string | null>(null);
  const [drawn, setDrawn] = useState(0);
  const directory = useContext(PeopleContext);
  const names = useNames();
  const label = element.placeholder?.text ?? element.action_id ?? "choice";

  async function choose(value: string) {
    setAsking(null);
    setBusy(true);
    await press(element.action_id ?? "", value, block, element);
    setBusy(false);
  }

  /** Draw the menu anew, with nothing chosen. */
  function takeBack() {
    setAsking(null);
    setDrawn(drawn + 1);
  }

  if (element.type === "datepicker" || element.type === "timepicker") {
    return (
      <input
        type={element.type === "datepicker" ? "date" : "time"}
        aria-label={label}
        disabled={busy}
        onChange={(event) => event.target.value && void choose(event.target.value)}
      />
    );
  }
  const people = element.type === "users_select" ? directory.people : [];
  const channels = /^(channels|conversations)_select$/.test(element.type) ? directory.channels : [];
  return (
    <>
      <select
        key={drawn}
        aria-label={label}
        disabled={busy}
        defaultValue={element.initial_option?.value ?? ""}
        onChange={(event) => (element.confirm ? setAsking(event.target.value) : void choose(event.target.value))}
      >
        {!element.initial_option && <option value="" disabled>{label}</option>}
        <OptionTags element={element} />
        {people.map((id) => <option key={id} value={id}>{names.person(id)}</option>)}
        {channels.map((id) => <option key={id} value={id}>#{names.channel(id)}</option>)}
      </select>
      {asking !== null && element.confirm && (
        <AskBack confirm={element.confirm} onYes={() => void choose(asking)} onNo={takeBack} />
      )}
    </>
  );
}

/** The three dots: a small menu of things to do. */
export function Overflow({ block, element }: { block: Block; element: Element }) {
  const press = usePress();
  return (
    <Menu
      label="More actions"
      face="⋯"
      className="button"
      items={optionsOf(element).map((one) => ({ key: one.value, text: one.text.text }))}
      onChoose={(value) => press(element.action_id ?? "", value, block, element)}
    />
  );
}
