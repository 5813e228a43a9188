"""Plain words: what people read is short, and has the field's words."""

import re

MOST_WORDS = 18  # of a sentence

NOT_USED = re.compile(
    r"\b(lend(s|ing)?|lent|wish(es|ed)?|laps(e|es|ed|ing)|withdr(aw|aws|awn|ew)|"
    r"hand(s|ed)? (\w+ )?back|mend(s|ed)?|told|wants|goes(?! (wrong|through))|timer|by way of|"
    r"br(eak|eaks|oke|eaking) the glass|live grants?)\b",
    re.IGNORECASE,
)
_CODE = re.compile("`[^`]*`|“[^”]*”")
_ADDRESS = re.compile(r"https?://\S+")
_TIME = re.compile(r"\d{4}-\d\d-\d\d at \d\d:\d\d")
_SENTENCE_ENDS = re.compile(r"[.?!:…·][*_]?\s|\[")
_SEMICOLON = re.compile(r";\s+[A-Za-z]")


def words_not_used(text: str) -> list[str]:
    """Return the words in it for which the field has another one."""
    return [f"{found[0]!r} in {text!r}" for found in NOT_USED.finditer(_CODE.sub("x", text))]


def faults(line: str) -> list[str]:
    """Return what is not plain in a line that people read: words, semicolons, long sentences."""
    said = _TIME.sub("x", _ADDRESS.sub("x", _CODE.sub("x", line)))
    semicolons = [f"a semicolon in {line!r}"] if _SEMICOLON.search(said) else []
    long = [
        f"{count} words in {sentence!r}"
        for sentence in _SENTENCE_ENDS.split(said)
        if (count := len(sentence.split())) > MOST_WORDS
    ]
    return words_not_used(line) + semicolons + long
