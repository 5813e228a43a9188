"""The errors of the Web API."""

from typing import Any


class SlackError(Exception):
    """An answer `{"ok": false, "error": code, …}`; `more` are its other fields."""

    def __init__(self, code: str, **more: Any) -> None:
        super().__init__(code)
        self.code = code
        self.more = more

    def as_slack(self) -> dict[str, Any]:
        """Return the body of the answer."""
        return {"ok": False, "error": self.code, **self.more}


class RateLimited(SlackError):
    """Called too often: an answer of status 429, with `retry_after_seconds` as its header."""

    def __init__(self, retry_after_seconds: int) -> None:
        super().__init__("ratelimited")
        self.retry_after_seconds = retry_after_seconds
