"""The words for a verified chain: what is wrong with it, which key rows carry, what is erased."""

from collections.abc import Iterator, Sequence

from bot.domain.audit_chain import Anchor, Stretch, Verdict

_MOST_SHOWN = 20
_NO_KEY = (
    "No key is set (DBACCESS_AUDIT_KEY): whoever owns the database could have written all of it "
    "anew."
)


def signatures(verdict: Verdict) -> list[str]:
    """Return which rows carry which key, or that none is set, and what is erased."""
    if any(one.key for one in verdict.stretches):
        signed = _some([f"{_rows(one)}: {_key(one)}." for one in verdict.stretches])
    elif verdict.keys or not verdict.count:
        signed = []
    else:
        signed = [_NO_KEY]
    return [*signed, *_erased(verdict)]


def problems(verdict: Verdict) -> list[str]:
    """Return a sentence for each thing that is wrong, the gravest first; none for a whole chain."""
    return [
        *_broken(verdict),
        *_some([_missing(one, verdict) for one in verdict.missing]),
        *_untold(verdict),
        *_some([_unchecked(one) for one in verdict.unchecked]),
        *_some([_weakened(one) for one in verdict.weakened]),
        *_unsigned(verdict),
        *_some([_unrecorded(one) for one in verdict.unrecorded]),
    ]


def _erased(verdict: Verdict) -> Iterator[str]:
    if not verdict.erased:
        return
    before = verdict.erased_before
    recorded = f" On record: those before {before:%Y-%m-%d %H:%M} UTC." if before else ""
    rows = "1 row" if verdict.erased == 1 else f"{verdict.erased:,} rows"
    yield f"Personal fields are erased in {rows}.{recorded}"


def _broken(verdict: Verdict) -> Iterator[str]:
    if verdict.broken_at is not None:
        yield (
            f"The audit is broken at row {verdict.broken_at}. That row was changed, or one "
            f"before it was changed or removed. Whole rows before it: {verdict.count:,}."
        )


def _missing(anchor: Anchor, verdict: Verdict) -> str:
    if anchor.number > verdict.count:
        return (
            f"Row {anchor.number:,} is gone: the audit ends at row {verdict.count:,}. Its newest "
            "rows were removed."
        )
    return (
        f"Row {anchor.number:,} carries another digest than the one that was noted: it, or a row "
        "before it, was written anew."
    )


def _untold(verdict: Verdict) -> Iterator[str]:
    if verdict.untold is None:
        return
    if verdict.count:
        yield f"No row tells of request #{verdict.untold}: rows were removed."
    else:
        yield "The audit is empty, but requests were made: its rows were removed."


def _unchecked(stretch: Stretch) -> str:
    return (
        f"{_rows(stretch)}: not checked, since the key {stretch.key} is not in "
        "DBACCESS_AUDIT_KEY. Without it nobody can tell whether they were changed."
    )


def _weakened(stretch: Stretch) -> str:
    return (
        f"{_rows(stretch)}: {_key(stretch)}, though rows before carry a newer one. Was the key "
        "taken away on purpose? If not, somebody without it wrote these rows."
    )


def _unsigned(verdict: Verdict) -> Iterator[str]:
    if verdict.ends_unsigned and verdict.stretches[-1] not in verdict.weakened:
        yield (
            f"The newest row does not carry the key {verdict.keys[0]}. Start dbaccess with that "
            "key and verify again. If it runs with it, somebody without the key wrote that row."
        )


def _unrecorded(rows: range) -> str:
    stretch = Stretch(rows.start, rows.stop - 1, "")
    return (
        f"{_rows(stretch)}: personal fields are erased, and no erasure on record reaches that far. "
        "Somebody removed them by hand."
    )


def _rows(stretch: Stretch) -> str:
    if stretch.first == stretch.last:
        return f"Row {stretch.first:,}"
    return f"Rows {stretch.first:,} to {stretch.last:,}"


def _key(stretch: Stretch) -> str:
    return f"key {stretch.key}" if stretch.key else "no key"


def _some(lines: Sequence[str]) -> list[str]:
    shown = list(lines[:_MOST_SHOWN])
    if len(lines) > len(shown):
        shown.append(f"… and {len(lines) - len(shown):,} more.")
    return shown
