import type { Element, Option } from "../types";

/** What there is to choose from, over all groups. */
export function optionsOf(element: Element): Option[] {
  return element.option_groups?.flatMap((group) => group.options) ?? element.options ?? [];
}

/** The options as the browser's own menu shows them. */
export function OptionTags({ element }: { element: Element }) {
  const tag = (one: Option) => <option key={one.value} value={one.value}>{one.text.text}</option>;
  if (!element.option_groups) return <>{element.options?.map(tag)}</>;
  return (
    <>
      {element.option_groups.map((group, i) => (
        <optgroup key={i} label={group.label.text}>{group.options.map(tag)}</optgroup>
      ))}
    </>
  );
}
