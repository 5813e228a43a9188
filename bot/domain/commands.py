"""What somebody typed behind `/dbaccess`, read into a wish or the page they want to see."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from rapidfuzz import fuzz, process

from bot.domain.durations import parse_duration, show_duration
from bot.domain.policy import Policy
from bot.domain.refusal import Field, Refused, about, quoted
from bot.domain.sources import parse_source
from bot.domain.wishes import AskFor, Cancel, Extend, Revoke, Wish

_ID = re.compile(r"#?([1-9][0-9]{0,8})")
_DURATION = re.compile(r"(?:\d+[wdhms])+", re.IGNORECASE)
_NEAR_PERCENT = 60


@dataclass(frozen=True)
class OpenForm:
    """Nothing or `request` alone, or a request that lacks its cluster: the form, filled in."""

    source: str = ""
    duration: str = ""
    reason: str = ""


@dataclass(frozen=True)
class ShowHelp:
    """`help`."""


@dataclass(frozen=True)
class ShowList:
    """`list`, or `list all` for approvers."""

    everybody: bool = False


@dataclass(frozen=True)
class ShowClusters:
    """`clusters`."""


@dataclass(frozen=True)
class ShowSources:
    """`sources <cluster>`."""

    cluster: str


Command = Wish | OpenForm | ShowHelp | ShowList | ShowClusters | ShowSources


def parse_command(text: str, policy: Policy, *, channel: str) -> Command:
    """Return what *text* asks for; *channel* gives the cluster where none is named.

    Raises:
        Refused: not a command, or one that lacks something or makes no sense.
    """
    words = text.split()
    if not words:
        return OpenForm()
    reader = _READERS.get(words[0].lower())
    if reader is None:
        near = process.extractOne(
            words[0].lower(), list(_READERS), scorer=fuzz.ratio, score_cutoff=_NEAR_PERCENT
        )
        offer = f"Did you mean `/dbaccess {near[0]}`?" if near else "Try `/dbaccess help`."
        raise Refused(f"{quoted(words[0])} is not something I know. {offer}")
    return reader(words[1:], policy, channel)


def _request(words: Sequence[str], policy: Policy, channel: str) -> Command:
    if not words:
        return OpenForm()
    source = parse_source(words[0])
    rest = list(words[1:])
    duration = None
    if rest and rest[0].lower() not in policy.clusters:
        duration = parse_duration(rest.pop(0))
    elif len(rest) > 1 and _DURATION.fullmatch(rest[1]):  # the other way round was meant
        duration = parse_duration(rest.pop(1))
    cluster, reason = _cluster_and_reason(rest, policy, channel)
    if cluster is None:
        typed = show_duration(duration) if duration else ""
        return OpenForm(source=str(source), duration=typed, reason=reason)
    return AskFor(
        cluster=cluster,
        source=source,
        duration=duration or policy.cluster(cluster).usual_duration,
        reason=reason,
    )


def read_form(policy: Policy, *, cluster: str, source: str, duration: str, reason: str) -> AskFor:
    """Return the wish that a filled-in form says.

    Raises:
        Refused: a field makes no sense; its `field` says which.
    """
    with about(Field.CLUSTER):
        usual = policy.cluster(cluster).usual_duration
    with about(Field.SOURCE):
        asked = parse_source(source)
    with about(Field.DURATION):
        length = parse_duration(duration) if duration.strip() else usual
    return AskFor(cluster=cluster, source=asked, duration=length, reason=reason)


def _cluster_and_reason(
    words: Sequence[str], policy: Policy, channel: str
) -> tuple[str | None, str]:
    """Tell the cluster from the first word of a reason; None where it cannot be told.

    A word that is nearly a cluster's name, or stands alone, was meant as one: opening the wrong
    cluster would be worse than asking once more.
    """
    if words and words[0].lower() in policy.clusters:
        return words[0].lower(), " ".join(words[1:])
    if len(words) == 1 or (words and policy.nearest(words[0])):
        policy.cluster(words[0])
    return policy.cluster_of_channel(channel), " ".join(words)


def _extend(words: Sequence[str], _policy: Policy, _channel: str) -> Command:
    if len(words) != 2:
        raise Refused("Say which grant and how much longer: `/dbaccess extend 17 1h`.")
    return Extend(grant_id=_number(words[0]), duration=parse_duration(words[1]))


def _revoke(words: Sequence[str], _policy: Policy, _channel: str) -> Command:
    return Revoke(grant_id=_only_number(words, "grant", "revoke"))


def _cancel(words: Sequence[str], _policy: Policy, _channel: str) -> Command:
    return Cancel(request_id=_only_number(words, "request", "cancel"))


def _list(words: Sequence[str], _policy: Policy, _channel: str) -> Command:
    if [word.lower() for word in words] not in ([], ["all"]):
        raise Refused("It is `/dbaccess list` for yours, or `/dbaccess list all` for approvers.")
    return ShowList(everybody=bool(words))


def _clusters(_words: Sequence[str], _policy: Policy, _channel: str) -> Command:
    return ShowClusters()


def _sources(words: Sequence[str], policy: Policy, channel: str) -> Command:
    if words:
        policy.cluster(words[0])
        return ShowSources(words[0].lower())
    cluster = policy.cluster_of_channel(channel)
    if cluster is None:
        known = ", ".join(f"`{alias}`" for alias in policy.clusters)
        raise Refused(f"Of which cluster? Write `/dbaccess sources` and one of {known}.")
    return ShowSources(cluster)


def _help(_words: Sequence[str], _policy: Policy, _channel: str) -> Command:
    return ShowHelp()


def _only_number(words: Sequence[str], what: str, command: str) -> int:
    if len(words) != 1:
        raise Refused(
            f"Say which {what}: `/dbaccess {command} 17`. `/dbaccess list` shows the numbers."
        )
    return _number(words[0])


def _number(word: str) -> int:
    match = _ID.fullmatch(word)
    if match is None:
        raise Refused(f"{quoted(word)} is not a number like `17`. `/dbaccess list` shows them.")
    return int(match[1])


_READERS: dict[str, Callable[[Sequence[str], Policy, str], Command]] = {
    "request": _request,
    "list": _list,
    "extend": _extend,
    "revoke": _revoke,
    "cancel": _cancel,
    "clusters": _clusters,
    "sources": _sources,
    "help": _help,
}
