"""Plain words: what people read is short, and has the field's words."""

import re

MOST_WORDS = 18  # of a sentence

_WORDS_NOT_USED = (
    r"lend(s|ing)?|lent|wish(es|ed)?|lapse[sd]?|withdr(aw|aws|awn|ew)|hand(s|ed)? (it )?back|"
    r"mend(s|ed)?|told|tells?|wants?|goes|timer|by way of|break(s|ing)? the glass|live grants?|"
    r"grants?|somebody|everybody|nobody else's|foreign"
)
NOT_USED = re.compile(rf"\b({_WORDS_NOT_USED})\b", re.IGNORECASE)
_CODE = re.compile("`[^`]*`")
_ADDRESS = re.compile(r"https?://\S+")


def faults(text: str) -> list[str]:
    """Return what is not plain in a text of one or more lines: words, semicolons, length."""
    return [fault for line in text.split("\n") for fault in _faults_of(line)]


def _faults_of(line: str) -> list[str]:
    said = _ADDRESS.sub("", _CODE.sub("x", line))
    found = [f"{match[0]!r} in {line!r}" for match in NOT_USED.finditer(said)]
    if ";" in said:
        found.append(f"a semicolon in {line!r}")
    return found + [
        f"{count} words in {sentence!r}"
        for sentence in re.split(r"(?<=[.?!:])\s", said)
        if (count := len(sentence.split())) > MOST_WORDS
    ]
