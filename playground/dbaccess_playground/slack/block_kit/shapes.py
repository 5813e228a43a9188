"""Small checks to compose: a shape is checked by the shapes of its parts.

A check takes a value and its JSON pointer and yields a sentence for each problem. `elements` and
`checker` define elements and blocks in these terms.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

Check = Callable[[object, str], Iterator[str]]

_DATE = re.compile(
    r"<!date\^(?P<seconds>[^\^>|]*)\^(?P<format>[^\^>|]*)(\^[^>|]*)?(?P<fallback>\|[^>]+)?>"
)
_DATE_TOKENS = {
    "date_num", "date_slash", "date", "date_short", "date_long", "date_pretty", "date_short_pretty",
    "date_long_pretty", "date_long_full", "day_divider_pretty", "time", "time_secs", "ago",
}  # fmt: skip


def problem(sentence: str, at: str) -> str:
    """One problem, worded as Slack words `response_metadata.messages`."""
    return f"{sentence} [json-pointer:{at or '/'}]"


def anything(_value: object, _at: str) -> Iterator[str]:
    """Accept every value."""
    yield from ()


def boolean(value: object, at: str) -> Iterator[str]:
    """Accept true and false."""
    if not isinstance(value, bool):
        yield problem(f"must be true or false, not {value!r}", at)


def number(low: int, high: int) -> Check:
    """Accept whole numbers from `low` to `high`."""

    def check(value: object, at: str) -> Iterator[str]:
        if not isinstance(value, int) or isinstance(value, bool) or not low <= value <= high:
            yield problem(f"must be a whole number from {low} to {high}, not {value!r}", at)

    return check


def string(longest: int, *, pattern: str = r"(?s).*") -> Check:
    """Accept strings of at most `longest` characters that match `pattern`."""

    def check(value: object, at: str) -> Iterator[str]:
        if not isinstance(value, str):
            yield problem(f"must be a string, not {type(value).__name__}", at)
        elif len(value) > longest:
            yield problem(f"must be at most {longest} characters, not {len(value)}", at)
        elif not re.fullmatch(pattern, value):
            yield problem(f"{value!r} does not look right here", at)

    return check


def one_of(*choices: str) -> Check:
    """Accept these strings only."""

    def check(value: object, at: str) -> Iterator[str]:
        if value not in choices:
            yield problem(f"must be one of {', '.join(choices)}, not {value!r}", at)

    return check


def list_of(each: Check, at_least: int, at_most: int) -> Check:
    """Accept lists of that many items, each of which passes `each`."""

    def check(value: object, at: str) -> Iterator[str]:
        if not isinstance(value, list):
            yield problem(f"must be a list, not {type(value).__name__}", at)
            return
        if not at_least <= len(value) <= at_most:
            yield problem(f"must have {at_least} to {at_most} items, not {len(value)}", at)
        for place, item in enumerate(value):
            yield from each(item, f"{at}/{place}")

    return check


def shape(needed: Mapping[str, Check], allowed: Mapping[str, Check] | None = None) -> Check:
    """Accept objects that have the keys `needed`, perhaps those `allowed`, and no others."""
    known = {**needed, **(allowed or {})}

    def check(value: object, at: str) -> Iterator[str]:
        if not isinstance(value, dict):
            yield problem(f"must be an object, not {type(value).__name__}", at)
            return
        for key in needed:
            if key not in value:
                yield problem(f"missing required field: {key}", at)
        for key, part in value.items():
            if key not in known:
                yield problem(f"unknown field: {key}", at)
            else:
                yield from known[key](part, f"{at}/{key}")

    return check


def by_type(shapes: Mapping[str, Check]) -> Check:
    """Accept objects whose `type` is one of `shapes` and which pass that shape."""

    def check(value: object, at: str) -> Iterator[str]:
        kind = value.get("type") if isinstance(value, dict) else None
        if not isinstance(kind, str) or kind not in shapes:
            yield problem(f"unsupported type: {kind!r} (here: {', '.join(sorted(shapes))})", at)
        else:
            yield from shapes[kind](value, at)

    return check


def both(*checks: Check) -> Check:
    """Accept what passes every one of these checks."""

    def check(value: object, at: str) -> Iterator[str]:
        for one in checks:
            yield from one(value, at)

    return check


def exactly_one(*keys: str) -> Check:
    """Accept objects that have just one of these keys."""

    def check(value: object, at: str) -> Iterator[str]:
        if isinstance(value, dict) and sum(key in value for key in keys) != 1:
            yield problem(f"needs one of {', '.join(keys)}", at)

    return check


def initial_among_options(value: object, at: str) -> Iterator[str]:
    """Accept menus whose initial option is, key for key, one of their options."""
    if not isinstance(value, dict):
        return
    groups = [value, *_items(value, "option_groups")]
    options = [option for group in groups for option in _items(group, "options")]
    chosen = [value["initial_option"]] if "initial_option" in value else []
    chosen += _items(value, "initial_options")
    for option in chosen:
        if option not in options:
            yield problem("the initial option is not one of the options", at)


def initial_value_fits(value: object, at: str) -> Iterator[str]:
    """Accept inputs in which no more stands at first than may be typed."""
    if not isinstance(value, dict):
        return
    initial, longest = value.get("initial_value"), value.get("max_length")
    if isinstance(initial, str) and isinstance(longest, int) and len(initial) > longest:
        yield problem(f"initial_value is longer than max_length ({longest})", at)


def _items(value: object, key: str) -> list[Any]:
    items = value.get(key) if isinstance(value, dict) else None
    return items if isinstance(items, list) else []


def dates(value: object, at: str) -> Iterator[str]:
    """Accept text in which every `<!date^…>` has whole seconds, known tokens and a fallback."""
    if not isinstance(value, str):
        return
    for start in re.finditer(r"<!date", value):
        found = _DATE.match(value, start.start())
        if not found or not found["seconds"].isdigit() or not found["fallback"]:
            yield problem("a <!date^…> needs whole seconds, a format and a fallback", at)
        elif not (tokens := re.findall(r"{(\w+)}", found["format"])) or set(tokens) - _DATE_TOKENS:
            yield problem(f"a <!date^…> has the format {found['format']!r}", at)


def no_dates(value: object, at: str) -> Iterator[str]:
    """Accept text without `<!date^…>`, which plain text would show as it is written."""
    if isinstance(value, str) and "<!date" in value:
        yield problem("plain_text does not show <!date^…> as a time", at)


def plain_text(longest: int) -> Check:
    """Accept a non-empty plain_text object of at most `longest` characters."""
    words = both(string(longest, pattern=r"(?s).+"), no_dates)
    return shape({"type": one_of("plain_text"), "text": words}, {"emoji": boolean})


def mrkdwn(longest: int) -> Check:
    """Accept a non-empty mrkdwn object of at most `longest` characters."""
    words = both(string(longest, pattern=r"(?s).+"), dates)
    return shape({"type": one_of("mrkdwn"), "text": words}, {"verbatim": boolean})


def any_text(longest: int) -> Check:
    """Accept either kind of text object."""
    return by_type({"plain_text": plain_text(longest), "mrkdwn": mrkdwn(longest)})
