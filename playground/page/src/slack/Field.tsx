import { useContext, useId } from "react";
import { useNames } from "../blocks/names";
import { OptionTags, optionsOf } from "../blocks/options";
import { PeopleContext } from "../blocks/people";
import { Plain } from "../blocks/Mrkdwn";
import { TextOf } from "../blocks/Blocks";
import type { Block, Element } from "../types";
import { ExternalSelect } from "./ExternalSelect";

export type Held = string | string[] | null;

type Props = {
  block: Block;
  value: Held;
  error?: string;
  onChange: (value: Held) => void;
};

const TYPED: Record<string, string> = {
  email_text_input: "email",
  url_text_input: "url",
  number_input: "text",
  datepicker: "date",
  timepicker: "time",
};

/** One field of a form, with its label, its hint and what is wrong with it. */
export function Field({ block, value, error, onChange }: Props) {
  const id = useId();
  const element = block.element!;
  const described = [block.hint && `${id}-hint`, error && `${id}-error`].filter(Boolean).join(" ");
  const label = (
    <>
      <Plain text={block.label?.text ?? ""} />
      {block.optional && <small> (optional)</small>}
    </>
  );
  const group = /radio_buttons|checkboxes|^multi_/.test(element.type);
  const shared = {
    id,
    "aria-describedby": described || undefined,
    "aria-invalid": error ? true : undefined,
    "aria-required": block.optional ? undefined : true,
  } as const;
  const below = (
    <>
      {block.hint && <p id={`${id}-hint`} className="hint"><TextOf text={block.hint} /></p>}
      {error && <p id={`${id}-error`} className="error" role="alert">{error}</p>}
    </>
  );
  if (group) {
    return (
      <fieldset className="field" aria-describedby={described || undefined} data-block={block.block_id}>
        <legend>{label}</legend>
        <Group name={id} element={element} value={value} onChange={onChange} />
        {below}
      </fieldset>
    );
  }
  return (
    <div className="field" data-block={block.block_id}>
      <label htmlFor={id}>{label}</label>
      <Single element={element} block={block} value={typeof value === "string" ? value : ""} shared={shared} onChange={onChange} />
      {below}
    </div>
  );
}

type SingleProps = {
  block: Block;
  element: Element;
  value: string;
  shared: Record<string, unknown> & { id: string };
  onChange: (value: Held) => void;
};

function Single({ block, element, value, shared, onChange }: SingleProps) {
  const names = useNames();
  const directory = useContext(PeopleContext);
  const placeholder = element.placeholder?.text;
  const onType = (event: { target: { value: string } }) => onChange(event.target.value);
  switch (element.type) {
    case "external_select":
      return <ExternalSelect field={block.block_id} element={element} value={value} shared={shared} onChange={onChange} />;
    case "static_select":
    case "users_select":
    case "channels_select":
    case "conversations_select": {
      const ids = element.type === "users_select" ? directory.people : directory.channels;
      const name = element.type === "users_select" ? names.person : (one: string) => `#${names.channel(one)}`;
      return (
        <select {...shared} value={value} onChange={(event) => onChange(event.target.value || null)}>
          <option value="" disabled={!block.optional}>{placeholder ?? "Choose…"}</option>
          {element.type === "static_select" ? <OptionTags element={element} /> : ids.map((one) => <option key={one} value={one}>{name(one)}</option>)}
        </select>
      );
    }
    case "plain_text_input":
      if (element.multiline) {
        return <textarea {...shared} rows={3} value={value} placeholder={placeholder} autoFocus={element.focus_on_load} onChange={onType} />;
      }
      break;
  }
  return (
    <input
      {...shared}
      type={TYPED[element.type] ?? "text"}
      inputMode={element.type === "number_input" ? "decimal" : undefined}
      value={value}
      placeholder={placeholder}
      autoComplete="off"
      autoFocus={element.focus_on_load}
      onChange={onType}
    />
  );
}

function Group({ name, element, value, onChange }: { name: string; element: Element; value: Held; onChange: (value: Held) => void }) {
  const many = element.type !== "radio_buttons";
  const held = Array.isArray(value) ? value : value ? [value] : [];
  return (
    <>
      {optionsOf(element).map((one) => (
        <label key={one.value} className="option">
          <input
            type={many ? "checkbox" : "radio"}
            name={name}
            value={one.value}
            checked={held.includes(one.value)}
            onChange={(event) => {
              if (!many) onChange(one.value);
              else onChange(event.target.checked ? [...held, one.value] : held.filter((v) => v !== one.value));
            }}
          />
          <span>
            <TextOf text={one.text} />
            {one.description && <small><TextOf text={one.description} /></small>}
          </span>
        </label>
      ))}
    </>
  );
}
