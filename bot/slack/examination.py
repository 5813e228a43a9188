"""The examination: does Slack know the tokens, and may they do all that the bot needs."""

from collections.abc import Iterator

from slack_sdk.errors import SlackApiError

from bot.domain.findings import Finding, fault, ok
from bot.slack.client import DIRECTORY_SECONDS, NO_ANSWER, SlackClient, code_of, web_client

SCOPES = ("chat:write", "commands", "usergroups:read", "users:read")


class Examination:
    """Asks Slack about the tokens; `knows_us` and `date` tell more once `tokens` has run."""

    def __init__(self, token: str, base_url: str) -> None:
        self.client: SlackClient = web_client(token, base_url, timeout_seconds=DIRECTORY_SECONDS)
        self.knows_us = False
        self.date: str | None = None  # the HTTP header: what Slack's clock says

    def tokens(self, app_token: str | None) -> Iterator[Finding]:
        """Look at the bot's token and its scopes, and at the app's where Socket Mode is on."""
        yield from self._bot_token()
        if app_token is not None:
            yield self._app_token(app_token)

    def _bot_token(self) -> Iterator[Finding]:
        try:
            answer = self.client.auth_test()
        except NO_ANSWER as error:
            yield fault("slack token", _why(error, "is SLACK_BOT_TOKEN right?"))
            return
        self.knows_us = True
        headers = {key.lower(): value for key, value in answer.headers.items()}
        self.date = str(headers.get("date", "")) or None
        yield ok("slack token", f"{answer.get('user')} in {answer.get('team')}")
        granted = {scope.strip() for scope in str(headers.get("x-oauth-scopes", "")).split(",")}
        missing = [scope for scope in SCOPES if scope not in granted]
        if missing:
            yield fault(
                "slack scopes",
                f"{', '.join(missing)} missing: add under OAuth & Permissions, install again",
            )
        else:
            yield ok("slack scopes", ", ".join(SCOPES))

    def _app_token(self, app_token: str) -> Finding:
        """Ask for the address of a connection, which is not opened: nothing comes of it."""
        what = "slack app token"
        try:
            self.client.apps_connections_open(app_token=app_token)
        except SlackApiError as error:
            if code_of(error) == "missing_scope":
                return fault(what, "connections:write missing: make a token that has it")
            return fault(what, _why(error, "is SLACK_APP_TOKEN right, and Socket Mode on?"))
        except NO_ANSWER as error:
            return fault(what, _why(error, ""))
        return ok(what, "opens connections (Socket Mode)")


def _why(error: Exception, question: str) -> str:
    if isinstance(error, SlackApiError):
        return f"Slack says {code_of(error)}: {question}"
    return f"Slack cannot be reached ({type(error).__name__}): is SLACK_API_URL right?"
