"""What can go wrong with either API, and with the addresses of replies, in a random scenario."""

import json
from collections.abc import Callable

from dbaccess_playground.faults import Fault

Maker = Callable[..., Fault]

TEMPORARY_CODES = ("internal_error", "fatal_error")
INSTALLATION_CODES = ("invalid_auth", "token_revoked", "account_inactive")
PERMANENT_CODES = ("is_inactive", "restricted_action", "ekm_access_denied")
UNKNOWN_CODES = ("a_code_of_next_year", "a_code_of_the_year_after")
FATAL_CODES = frozenset({*PERMANENT_CODES, *UNKNOWN_CODES})
"""With these a message is given up, at once or after a few tries."""


def refuses(code: str) -> Maker:
    """Return what makes a fault: Slack answers with an error code, and does nothing."""
    return lambda **aim: Fault.answer(json.dumps({"ok": False, "error": code}), **aim)


CLOUD_FAULTS: dict[str, Maker] = {
    "500": lambda **aim: Fault.status(500, **aim),
    "401": lambda **aim: Fault.status(401, **aim),
    "404": lambda **aim: Fault.status(404, **aim),
    "429": lambda **aim: Fault.status(429, **aim),
    "429 with a time": lambda **aim: Fault.status(429, retry_after=20, **aim),
    "lost answer": lambda **aim: Fault.lost_answer(**aim),
    "504 though done": lambda **aim: Fault.lost_answer(code=504, **aim),
    "reset": Fault.reset,
    "half a body": Fault.half_body,
}
SLACK_FAULTS: dict[str, Maker] = {
    "500": lambda **aim: Fault.status(500, **aim),
    "401": lambda **aim: Fault.status(401, **aim),
    "429 with a time": lambda **aim: Fault.status(429, retry_after=15, **aim),
    "lost answer": lambda **aim: Fault.lost_answer(**aim),
    "reset": Fault.reset,
    "half a body": Fault.half_body,
}
SLACK_CODES: dict[str, Maker] = {
    code: refuses(code)
    for code in (*TEMPORARY_CODES, *INSTALLATION_CODES, *PERMANENT_CODES, *UNKNOWN_CODES)
}
REPLY_FAULTS: dict[str, Maker] = {
    "hang": Fault.hang,
    "reset": Fault.reset,
    "half a body": Fault.half_body,
    "404": lambda **aim: Fault.status(404, **aim),
    "500": lambda **aim: Fault.status(500, **aim),
}
