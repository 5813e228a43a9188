"""The questions about Slack: how it is reached, the app's tokens, channels and people."""

import re
from collections.abc import Callable

from bot.checks.findings import Finding, Level
from bot.checks.slack_setup import check_app_token, check_bot_token, check_scopes
from bot.cli.init.answers import is_socket_mode
from bot.cli.init.asking import Asker, Question, Stopped, Unusable
from bot.cli.init.channels import Channels, check_written, kept
from bot.cli.init.manifest import creation_link
from bot.cli.init.people import Directory
from bot.cli.init.tokens import token
from bot.domain.typed_text import one_line
from bot.slack.installation import Installation
from bot.slack.messages.setting_up import found_as_approval_channel, found_as_operators_channel
from bot.slack.workspace_names import NamedChannel, WorkspaceNames

_ADDRESS = re.compile(r"https://[\w.\-]+(?::\d+)?(?:/[\w.\-~/]*)?", re.ASCII)
_BOT = "Bot User OAuth Token (Install App)"
_SIGNING = "Signing Secret (Basic Information)"
_APP = "App-Level Token (Basic Information)"

OpenLink = Callable[[str], None]


def connection(asker: Asker) -> str:
    """Return the public address, or `socket`."""
    asker.say("1 of 6  How Slack reaches dbaccess")
    asker.say("Socket Mode needs no public address. HTTP needs one that begins with https://.")
    return asker.ask(
        Question("connection", "`socket`, or your address", _connection, default="socket")
    )


def _connection(typed: str) -> str:
    answer = typed.strip().rstrip("/").removesuffix("/slack/events")
    if is_socket_mode(answer):
        return "socket"
    if _ADDRESS.fullmatch(answer):
        return answer
    raise Unusable("Answer `socket`, or an address like https://dbaccess.example.com.")


def tokens(asker: Asker, address: str | None, api_url: str, open_link: OpenLink) -> dict[str, str]:
    """Return the app's secrets by their variables, each checked as far as it can be.

    One that was given and is wrong is missing in there; see `Asker.attempt`.
    """
    asker.say()
    asker.say("2 of 6  The Slack app")
    if not asker.has("slack_bot_token"):
        link = creation_link(address)
        asker.say("Create it by this link, which has the manifest filled in:")
        asker.show(link)
        asker.say("Press Next, Create, then Install to Workspace. What you paste is not shown.")
        if address:
            asker.say(
                "Slack calls your address at once and finds nobody there. Press Retry under Event "
                "Subscriptions once `dbaccess serve` runs."
            )
        open_link(link)
    check_bot = _bot_token(asker, api_url)
    bot = _secret(asker, "slack_bot_token", _BOT, check_bot)
    check_signing = _signing_secret(asker, address)
    secrets = bot | _secret(asker, "slack_signing_secret", _SIGNING, check_signing)
    if address is None:
        check_app = _app_token(asker, api_url, bot.get("SLACK_BOT_TOKEN", ""))
        if not asker.has("slack_app_token"):
            asker.say("Under App-Level Tokens, generate one with the scope connections:write.")
        secrets |= _secret(asker, "slack_app_token", _APP, check_app)
    return secrets


def _secret(asker: Asker, key: str, words: str, take: Callable[[str], str]) -> dict[str, str]:
    secret = asker.attempt(lambda: asker.ask(Question(key, words, take, hidden=True)))
    return {} if secret is None else {key.upper(): secret}


def _bot_token(asker: Asker, api_url: str) -> Callable[[str], str]:
    def take(typed: str) -> str:
        secret = token("slack_bot_token", typed)
        identity, found = check_bot_token(Installation(secret, api_url))
        _refuse_faults(found)
        if identity is not None:
            _refuse_faults(check_scopes(identity))
        asker.say(f"  ok: {one_line(found.words)}")
        return secret

    return take


def _signing_secret(asker: Asker, address: str | None) -> Callable[[str], str]:
    tested_by = (
        "Only a request of Slack's can test it: `dbaccess check --live`."
        if address
        else "Socket Mode doesn't use it, so nothing tests it."
    )

    def take(typed: str) -> str:
        secret = token("slack_signing_secret", typed)
        asker.say(f"  ok so far. {tested_by}")
        return secret

    return take


def _app_token(asker: Asker, api_url: str, bot_token: str) -> Callable[[str], str]:
    def take(typed: str) -> str:
        secret = token("slack_app_token", typed)
        found = check_app_token(Installation(bot_token, api_url), secret)
        _refuse_faults(found)
        asker.say(f"  ok: {found.words}")
        return secret

    return take


def _refuse_faults(found: Finding) -> None:
    if found.level is Level.FAULT:
        raise Unusable(one_line(found.words))


def channels(
    asker: Asker, slack: Installation, names: WorkspaceNames
) -> tuple[NamedChannel, NamedChannel]:
    """Return the channel where requests are decided, and the one for alarms."""
    asker.say()
    asker.say("4 of 6  Channels and approvers")
    asker.say("Type `/invite @dbaccess` in both channels first. Name them, or paste their links.")

    def may_post(name: str) -> bool:
        return asker.confirm(
            "may_post",
            "Post it?",
            default=True,
            why=f"dbaccess can't list channels. It finds #{name} by a line that it posts there.",
        )

    find = Channels(slack, names, choose=asker.choose, may_post=may_post).find
    decided = asker.ask(
        Question(
            "channel",
            "Channel where requests are decided",
            lambda typed: find(typed, found_as_approval_channel()),
            keep=kept,
        )
    )
    for_alarms = Question(
        "operators",
        "Channel for alarms",
        lambda typed: find(typed, found_as_operators_channel()),
        keep=kept,
    )
    try:
        return decided, asker.ask(for_alarms)
    except Stopped as stopped:  # for the first, there may be a line that need not be posted again
        is_found = f'channel: write channel = "{decided.id}", so that nothing is posted again'
        raise Stopped(str(stopped), is_found, exit_code=stopped.exit_code) from stopped


def check_channels_written(asker: Asker) -> None:
    """Look at how both channels are named, without asking Slack."""
    for key in ("channel", "operators"):
        question = Question(key, key, check_written)
        asker.attempt(lambda question=question: asker.ask(question))  # type: ignore[misc]


def directory(asker: Asker, names: WorkspaceNames) -> Directory:
    """Return the workspace's people and user groups.

    Raises:
        SlackFailure: they could not be listed.
    """
    return Directory(names.members(), names.groups(), asker.choose)
