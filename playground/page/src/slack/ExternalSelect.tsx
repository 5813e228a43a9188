import { useContext, useEffect, useId, useState } from "react";
import { act } from "../api";
import { MeContext } from "./me";
import type { Element, Option } from "../types";

type Props = {
  field: string;
  element: Element;
  value: string;
  shared: Record<string, unknown> & { id: string };
  onChange: (value: string | null) => void;
};

const TYPING_MS = 200;

/** A menu whose options the bot brings while one types. */
export function ExternalSelect({ field, element, value, shared, onChange }: Props) {
  const me = useContext(MeContext);
  const [typed, setTyped] = useState(element.initial_option?.text.text ?? "");
  const [options, setOptions] = useState<Option[] | null>(null);
  const [asked, setAsked] = useState(false);
  const [chosen, setChosen] = useState(0);
  const id = useId();
  const open = options !== null;

  useEffect(() => {
    if (!asked || value || typed.length < (element.min_query_length ?? 1)) return;
    let late = false;
    const timer = setTimeout(async () => {
      const said = await act("suggest", { person: me, field, typed });
      if (late) return;
      setOptions((said.options as Option[] | undefined) ?? []);
      setChosen(0);
    }, typed ? TYPING_MS : 0);
    return () => {
      late = true;
      clearTimeout(timer);
    };
  }, [asked, typed, value, me, field, element.min_query_length]);

  function choose(option: Option) {
    setTyped(option.text.text);
    close();
    onChange(option.value);
  }

  function close() {
    setAsked(false);
    setOptions(null);
  }

  function onKey(event: React.KeyboardEvent) {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    const option = options?.[chosen];
    if (open && step) setChosen((chosen + step + options.length) % (options.length || 1));
    else if (step) setAsked(true);
    else if (open && event.key === "Enter" && option) choose(option);
    else if (open && event.key === "Escape") close();
    else return;
    event.preventDefault();
    event.stopPropagation();
  }

  return (
    <div className="combobox">
      <input
        {...shared}
        type="text"
        role="combobox"
        aria-expanded={open}
        aria-controls={id}
        aria-autocomplete="list"
        aria-activedescendant={options?.[chosen] ? `${id}-${chosen}` : undefined}
        autoComplete="off"
        placeholder={element.placeholder?.text ?? "Type to search…"}
        value={typed}
        onKeyDown={onKey}
        onClick={() => setAsked(true)}
        onBlur={close}
        onChange={(event) => {
          setAsked(true);
          setTyped(event.target.value);
          onChange(null);
        }}
      />
      {open && (
        <ul id={id} role="listbox" aria-label="Suggestions" className="offers">
          {options.length === 0 && <li role="option" aria-selected="false" aria-disabled="true">Nothing found</li>}
          {options.map((one, i) => (
            <li
              key={one.value}
              id={`${id}-${i}`}
              role="option"
              aria-selected={i === chosen}
              onMouseDown={(event) => {
                event.preventDefault();
                choose(one);
              }}
            >
              {one.text.text}
              {one.description && <> <small>{one.description.text}</small></>}
            </li>
          ))}
        </ul>
      )}
    </div>
  );
}
