"""Slack's side: do the tokens work, with the scopes they need, and can the bot use its channels."""

from collections.abc import Iterator

from bot.checks.findings import Finding, fault, hint, ok
from bot.domain.policy import Policy
from bot.slack.installation import Channel, Identity, Installation, SlackFailure

SCOPES = ("chat:write", "commands", "usergroups:read", "users:read")


def check_bot_token(slack: Installation) -> tuple[Identity | None, Finding]:
    """Look whether Slack knows the bot's token; return as whom, None where it does not."""
    try:
        identity = slack.identity()
    except SlackFailure as failure:
        return None, fault("slack token", _remedy(failure, "is SLACK_BOT_TOKEN right?"))
    return identity, ok("slack token", f"{identity.user} in {identity.team}")


def check_scopes(identity: Identity) -> Finding:
    """Look whether the bot may do all that it needs."""
    missing = [scope for scope in SCOPES if scope not in identity.scopes]
    if not missing:
        return ok("slack scopes", ", ".join(SCOPES))
    return fault(
        "slack scopes",
        f"{', '.join(missing)} missing: add under OAuth & Permissions, install again",
    )


def check_app_token(slack: Installation, app_token: str) -> Finding:
    """Look whether the app's token can open a Socket Mode connection."""
    what = "slack app token"
    try:
        slack.try_app_token(app_token)
    except SlackFailure as failure:
        if failure.code == "missing_scope":
            return fault(what, "connections:write missing: make a token that has it")
        return fault(what, _remedy(failure, "is SLACK_APP_TOKEN right, and Socket Mode on?"))
    return ok(what, "opens connections (Socket Mode)")


def check_channels(slack: Installation, policy: Policy) -> Iterator[Finding]:
    """Yield a finding for each channel of the policy, and one for what could not be tested."""
    channels = {policy.operators, *(cluster.channel for cluster in policy.clusters.values())}
    is_untested = False
    for channel in sorted(channels):
        try:
            shown = slack.channel(channel)
            yield _judge(channel, shown) if shown else _look_for(slack, channel)
        except SlackFailure as failure:
            yield fault(f"channel {channel}", f"cannot be looked up: {failure.code}")
        else:
            is_untested |= shown is None
    if is_untested:
        yield hint(
            "not tested",
            "whether dbaccess is in its channels, since that takes channels:read (groups:read for "
            "private ones), which it needs for nothing else; the first message tells",
        )


def _judge(channel: str, shown: Channel) -> Finding:
    what = f"channel {channel}"
    if shown.is_archived:
        return fault(what, f"#{shown.name} is archived: bring it back, or name another")
    if not shown.is_member:
        return fault(what, f"dbaccess is not in #{shown.name}: write `/invite @dbaccess` there")
    return ok(what, f"#{shown.name}, dbaccess is in it")


def _look_for(slack: Installation, channel: str) -> Finding:
    what = f"channel {channel}"
    if slack.has_channel(channel):
        return ok(what, "is there")
    return fault(
        what, "Slack shows no such channel: correct its ID, or invite dbaccess if it is private"
    )


def _remedy(failure: SlackFailure, question: str) -> str:
    if failure.is_refusal:
        return f"Slack says {failure.code}: {question}"
    return f"Slack cannot be reached ({failure.code}): is SLACK_API_URL right?"
