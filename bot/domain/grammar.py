"""The grammar of `/dbaccess`: reads what somebody typed into a command or a query."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Literal

from rapidfuzz import fuzz, process

from bot.domain.commands import Adopt, Cancel, Command, Extend, RequestAccess, Revoke
from bot.domain.durations import parse_duration, show_duration
from bot.domain.policy import Policy
from bot.domain.queries import (
    OpenEmergencyForm,
    OpenExtensionForm,
    OpenForm,
    Query,
    ShowClusters,
    ShowConnect,
    ShowHelp,
    ShowHistory,
    ShowList,
    ShowMyIp,
    ShowSources,
)
from bot.domain.refusal import NamesClusters, Refused
from bot.domain.refusals.clusters import NoClusterNamed, NoClusters
from bot.domain.refusals.commands import (
    AdoptIncomplete,
    ExtendIncomplete,
    ListMisread,
    NotANumber,
    NumberMissing,
    UnknownCommand,
)
from bot.domain.sources import TrustedSource, parse_source

_ID = re.compile(r"#?([1-9][0-9]{0,8})")
_DURATION = re.compile(r"(?:\d+[wdhms])+", re.IGNORECASE)
_MEANT_AS_DURATION = re.compile(r"[-+.]?\d")
_NEAR_PERCENT = 60


Intent = Command | Query


def parse_command(text: str, policy: Policy, *, channel: str) -> Intent:
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
        raise Refused(UnknownCommand(typed=words[0], nearest=near[0] if near else None))
    return reader(words[1:], policy, channel)


@dataclass(frozen=True)
class _Typed:
    """What `request` or `emergency` was given; only the source is always there."""

    source: TrustedSource
    duration: timedelta | None
    cluster: str | None
    reason: str

    @property
    def shown_duration(self) -> str:
        return show_duration(self.duration) if self.duration else ""


def _read_request(words: Sequence[str], policy: Policy, channel: str) -> _Typed:
    source = parse_source(words[0])
    rest = list(words[1:])
    duration = None
    if rest and rest[0].lower() not in policy.clusters:
        duration = parse_duration(rest.pop(0))
    elif len(rest) > 1 and _DURATION.fullmatch(rest[1]):  # the other way round was meant
        duration = parse_duration(rest.pop(1))
    cluster, reason = _cluster_and_reason(rest, policy, channel)
    return _Typed(source, duration, cluster, reason)


def _request(words: Sequence[str], policy: Policy, channel: str) -> Intent:
    if not words:
        return OpenForm()
    typed = _read_request(words, policy, channel)
    if typed.cluster is None:
        return OpenForm(str(typed.source), typed.shown_duration, typed.reason)
    return RequestAccess(
        cluster=typed.cluster,
        source=typed.source,
        duration=typed.duration or policy.cluster(typed.cluster).usual_duration,
        reason=typed.reason,
    )


def _emergency(words: Sequence[str], policy: Policy, channel: str) -> Intent:
    if not words:
        return OpenEmergencyForm()
    typed = _read_request(words, policy, channel)
    return OpenEmergencyForm(
        str(typed.source), typed.shown_duration, typed.reason, typed.cluster or ""
    )


def _adopt(words: Sequence[str], policy: Policy, _channel: str) -> Intent:
    if len(words) < 3:
        raise Refused(AdoptIncomplete())
    policy.cluster(words[0])
    return Adopt(
        cluster=words[0].lower(),
        source=parse_source(words[1]),
        duration=parse_duration(words[2]),
        reason=" ".join(words[3:]),
    )


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


def _extend(words: Sequence[str], _policy: Policy, _channel: str) -> Intent:
    if not words:
        raise Refused(ExtendIncomplete())
    number, rest = _number(words[0]), words[1:]
    if rest and _MEANT_AS_DURATION.match(rest[0]):
        return Extend(grant_id=number, duration=parse_duration(rest[0]), reason=" ".join(rest[1:]))
    return OpenExtensionForm(number, " ".join(rest))


def _revoke(words: Sequence[str], _policy: Policy, _channel: str) -> Intent:
    return Revoke(grant_id=_only_number(words, "revoke"))


def _cancel(words: Sequence[str], _policy: Policy, _channel: str) -> Intent:
    return Cancel(request_id=_only_number(words, "cancel"))


def _list(words: Sequence[str], _policy: Policy, _channel: str) -> Intent:
    if [word.lower() for word in words] not in ([], ["all"]):
        raise Refused(ListMisread())
    return ShowList(everybody=bool(words))


def _clusters(_words: Sequence[str], _policy: Policy, _channel: str) -> Intent:
    return ShowClusters()


def _sources(words: Sequence[str], policy: Policy, channel: str) -> Intent:
    return ShowSources(_one_cluster(words, policy, channel, command="sources"))


def _connect(words: Sequence[str], policy: Policy, channel: str) -> Intent:
    return ShowConnect(_one_cluster(words, policy, channel, command="connect"))


def _history(words: Sequence[str], policy: Policy, _channel: str) -> Intent:
    if not words:
        return ShowHistory(None)
    policy.cluster(words[0])
    return ShowHistory(words[0].lower())


def _myip(_words: Sequence[str], _policy: Policy, _channel: str) -> Intent:
    return ShowMyIp()


def _help(_words: Sequence[str], _policy: Policy, _channel: str) -> Intent:
    return ShowHelp()


def _one_cluster(words: Sequence[str], policy: Policy, channel: str, *, command: str) -> str:
    if words:
        policy.cluster(words[0])
        return words[0].lower()
    cluster = policy.cluster_of_channel(channel)
    if cluster is None:
        if not policy.clusters:
            raise NamesClusters(NoClusters())
        raise NamesClusters(NoClusterNamed(command=command, known=tuple(policy.clusters)))
    return cluster


def _only_number(words: Sequence[str], command: Literal["revoke", "cancel"]) -> int:
    if len(words) != 1:
        raise Refused(NumberMissing(command=command))
    return _number(words[0])


def _number(word: str) -> int:
    match = _ID.fullmatch(word)
    if match is None:
        raise Refused(NotANumber(typed=word))
    return int(match[1])


_READERS: dict[str, Callable[[Sequence[str], Policy, str], Intent]] = {
    "request": _request,
    "emergency": _emergency,
    "list": _list,
    "extend": _extend,
    "revoke": _revoke,
    "cancel": _cancel,
    "clusters": _clusters,
    "sources": _sources,
    "connect": _connect,
    "history": _history,
    "myip": _myip,
    "adopt": _adopt,
    "help": _help,
}
