"""The examination: does Slack know this token, and may it do all that the bot needs."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from slack_sdk.errors import SlackApiError

from bot.slack.client import DIRECTORY_SECONDS, NO_ANSWER, web_client

SCOPES = ("chat:write", "commands", "usergroups:read", "users:read")


@dataclass(frozen=True)
class Finding:
    """One thing that was looked at."""

    ok: bool
    what: str
    words: str


def examine(token: str, base_url: str, groups: Iterable[str]) -> Iterator[Finding]:
    """Look at the token, its scopes, and whether the user groups of the policy can be read."""
    client = web_client(token, base_url, timeout_seconds=DIRECTORY_SECONDS)
    try:
        answer = client.auth_test()
    except NO_ANSWER as error:
        yield Finding(False, "token", f"{_reason(error)}: is SLACK_BOT_TOKEN right?")
        return
    yield Finding(True, "token", f"{answer.get('user')} in {answer.get('team')}")
    headers = {key.lower(): value for key, value in answer.headers.items()}
    granted = {scope.strip() for scope in str(headers.get("x-oauth-scopes", "")).split(",")}
    missing = [scope for scope in SCOPES if scope not in granted]
    if missing:
        yield Finding(False, "scopes", f"{', '.join(missing)} missing: install the app again")
    else:
        yield Finding(True, "scopes", ", ".join(SCOPES))
    for group in sorted(groups):
        try:
            members = client.usergroups_users_list(usergroup=group).get("users") or []
        except NO_ANSWER as error:
            yield Finding(False, f"user group {group}", f"cannot be read: {_reason(error)}")
        else:
            yield Finding(bool(members), f"user group {group}", f"{len(members)} members")


def _reason(error: Exception) -> str:
    if isinstance(error, SlackApiError):
        return str(error.response.get("error") or "no answer")
    return type(error).__name__
