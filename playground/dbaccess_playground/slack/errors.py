"""How the sandbox's Web API says no."""

from typing import Any


class SlackError(Exception):
    """An answer `{"ok": false, "error": code, …}`, with whatever else Slack says beside it."""

    def __init__(self, code: str, **more: Any) -> None:
        super().__init__(code)
        self.code = code
        self.more = more

    def as_slack(self) -> dict[str, Any]:
        """The body of the answer."""
        return {"ok": False, "error": self.code, **self.more}
