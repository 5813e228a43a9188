"""Slack's side: do the tokens work, with the scopes they need, and can the bot use its channels."""

from collections.abc import Iterator

from bot.checks.findings import Finding, fault, hint, ok
from bot.domain.policy import Policy
from bot.slack.installation import Channel, Identity, Installation, SlackFailure

_INVITE = "write `/invite @dbaccess` there"
_BRING_BACK = "bring it back, or name another"
_NO_CHANNEL = "Slack shows no such channel: correct its ID, or invite dbaccess if it is private"
_MESSAGE = "dbaccess check: messages arrive here."
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
    if identity.scopes is None:
        return hint(
            "slack scopes",
            "not known: Slack's answer came without X-OAuth-Scopes, which a proxy may remove",
        )
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


def check_channels(slack: Installation, policy: Policy, *, posting: bool) -> Iterator[Finding]:
    """Yield a finding for each channel of the policy, and one for what could not be tested.

    Args:
        posting: post to a channel that cannot be looked at, and delete the message at once.
    """
    channels = {policy.operators, *(cluster.channel for cluster in policy.clusters.values())}
    is_untested = False
    for channel in sorted(channels):
        try:
            shown = slack.channel(channel)
            if shown is not None:
                yield _judge(channel, shown)
            else:
                yield _post_to(slack, channel) if posting else _look_for(slack, channel)
        except SlackFailure as failure:
            yield fault(f"channel {channel}", _reason(failure))
        else:
            is_untested |= shown is None and not posting
    if is_untested:
        yield hint(
            "not tested",
            "whether dbaccess is in its channels, and whether they are archived: `dbaccess check "
            "--live` posts a message to each. Or add the scopes channels:read and groups:read",
        )


def _judge(channel: str, shown: Channel) -> Finding:
    what = f"channel {channel}"
    if shown.is_archived:
        return fault(what, f"#{shown.name} is archived: {_BRING_BACK}")
    if not shown.is_member:
        return fault(what, f"dbaccess is not in #{shown.name}: {_INVITE}")
    return ok(what, f"#{shown.name}, dbaccess is in it")


def _post_to(slack: Installation, channel: str) -> Finding:
    is_deleted = slack.try_message(channel, _MESSAGE)
    done = "deleted again" if is_deleted else "which could not be deleted"
    return ok(f"channel {channel}", f"a message arrived, {done}")


def _reason(failure: SlackFailure) -> str:
    match failure.code:
        case "not_in_channel":
            return f"dbaccess is not in it: {_INVITE}"
        case "is_archived":
            return f"is archived: {_BRING_BACK}"
        case "channel_not_found":
            return _NO_CHANNEL
    return _remedy(failure, "messages do not arrive there")


def _look_for(slack: Installation, channel: str) -> Finding:
    what = f"channel {channel}"
    if slack.has_channel(channel):
        return ok(what, "is there")
    return fault(what, _NO_CHANNEL)


def _remedy(failure: SlackFailure, question: str) -> str:
    if failure.unreachable is not None:
        return f"Slack cannot be reached, {failure.unreachable}"
    if failure.is_from_elsewhere:
        return f"a proxy answered, and not Slack ({failure.code}): is SLACK_API_URL right?"
    return f"Slack says {failure.code}: {question}"
