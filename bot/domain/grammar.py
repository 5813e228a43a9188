"""The grammar of `/dbaccess`: reads what somebody typed into a command or a query."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from bot.domain.commands import Adopt, Cancel, Command, Extend, RequestAccess, Revoke
from bot.domain.durations import (
    Until,
    examples_within,
    extension_by,
    leading_duration,
    length_and_end,
    length_of,
    show_duration,
)
from bot.domain.line_words import (
    Word,
    almost_duration,
    changes_duration,
    names_zone,
    reason_of,
    without_fillers,
    words_of,
)
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
from bot.domain.refusals.durations import NotADuration
from bot.domain.request_line import RequestLine, read_request_line
from bot.domain.sources import looks_like_source

_ID = re.compile(r"#?([1-9][0-9]{0,8})")
_SIGNED = re.compile(r"[-+][0-9]")
_NEAR_PERCENT = 60
_MY_IP = (["my", "ip"], ["my", "address"], ["ip"])


Intent = Command | Query
Words = Sequence[Word]


@dataclass(frozen=True)
class _Place:
    """What a command is read by, beside its words; `local_now` is where its author is."""

    policy: Policy
    channel: str
    local_now: datetime | None


def parse_command(
    text: str, policy: Policy, *, channel: str, local_now: datetime | None = None
) -> Intent:
    """Return what *text* asks for.

    Args:
        text: what stands behind `/dbaccess`.
        policy: with the clusters that are known to whoever typed it.
        channel: gives the cluster where none is named.
        local_now: the time (aware) where they are, None if that is not known.

    Raises:
        Refused: not a command, or one that lacks something or makes no sense.
    """
    words = words_of(text)
    if not words:
        return OpenForm()
    if [word.lower for word in words] in _MY_IP:
        return ShowMyIp()
    reader = _READERS.get(words[0].lower)
    if reader is None:
        from rapidfuzz import fuzz, process

        near = process.extractOne(
            words[0].lower, list(_READERS), scorer=fuzz.ratio, score_cutoff=_NEAR_PERCENT
        )
        nearest = near[0] if near else None
        if looks_like_source(words[0].plain) or words[0].lower in policy.clusters:
            nearest = "request"
        raise Refused(UnknownCommand(typed=words[0].typed, nearest=nearest))
    with examples_within(_longest(reader, words, policy)):
        return reader(words[1:], _Place(policy, channel, local_now))


def _longest(reader: "_Reader", words: Words, policy: Policy) -> timedelta | None:
    """Return the longest that is taken by the cluster that is named, else by each; None if by none.

    A rule that was added manually may be adopted for longer than anything else lasts.
    """
    named = [policy.clusters[word.lower] for word in words if word.lower in policy.clusters]
    clusters = named or list(policy.clusters.values())
    if reader is _adopt or not clusters:
        return None
    if reader is _emergency:
        return min(cluster.longest_emergency for cluster in clusters)
    return min(cluster.max_duration for cluster in clusters)


def names(text: str, cluster: str) -> bool:
    """Tell whether somebody typed the name of that cluster."""
    return any(word.lower == cluster for word in words_of(text))


def _request(words: Words, place: _Place) -> Intent:
    if not words:
        return OpenForm()
    line = read_request_line(words, place.policy)
    cluster = _cluster_of(line, place)
    if cluster is None or line.source is None or not line.is_sure:
        return _form_of(line)
    asked = line.duration
    if asked is None:
        asked = place.policy.cluster(cluster).usual_duration
    duration, until = length_and_end(asked, place.local_now)
    return RequestAccess(
        cluster=cluster, source=line.source, duration=duration, until=until, reason=line.reason
    )


def _cluster_of(line: RequestLine, place: _Place) -> str | None:
    """Return the cluster that a line names, the channel's where it names none."""
    if line.names_cluster:
        return line.cluster
    return place.policy.cluster_of_channel(place.channel)


def _form_of(line: RequestLine) -> OpenForm:
    return OpenForm(
        source=str(line.source or ""),
        duration=line.typed_duration,
        reason=line.reason,
        cluster=line.cluster or "",
        is_of_channel=not line.names_cluster,
        is_unclear=True,
    )


def _emergency(words: Words, place: _Place) -> Intent:
    if not words:
        return OpenEmergencyForm()
    line = read_request_line(words, place.policy)
    cluster = _cluster_of(line, place)
    duration = line.typed_duration
    if line.duration is not None:
        length = length_of(line.duration, place.local_now)
        # An end stays one: the form may be sent much later.
        duration = duration if isinstance(line.duration, Until) else show_duration(length)
    return OpenEmergencyForm(str(line.source or ""), duration, line.reason, cluster or "")


def _adopt(words: Words, place: _Place) -> Intent:
    line = read_request_line(words, place.policy) if len(words) >= 3 else RequestLine()
    if line.typed_duration and line.duration is None:
        raise Refused(NotADuration(typed=line.typed_duration))
    if line.source is None or line.cluster is None or line.duration is None or not line.is_sure:
        raise Refused(AdoptIncomplete())
    duration, until = length_and_end(line.duration, place.local_now)
    return Adopt(
        cluster=line.cluster,
        source=line.source,
        duration=duration,
        until=until,
        reason=line.reason,
    )


def _extend(words: Words, place: _Place) -> Intent:
    if not words:
        raise Refused(ExtendIncomplete())
    number, said = _number(words[0]), _without_more(words[1:])
    found = leading_duration([word.plain for word in said])
    if found is not None and not _is_doubtful(*found, said):
        asked = Extend(grant_id=number, reason=reason_of(said[found[1] :]))
        return asked.model_copy(update=extension_by(found[0], place.local_now))
    if said and _SIGNED.match(said[0].plain):
        raise Refused(NotADuration(typed=said[0].typed))
    count = (found[1] if found else 0) + almost_duration(said[found[1] if found else 0 :])
    typed = " ".join(word.plain for word in said[:count])
    return OpenExtensionForm(number, reason_of(said[count:]), duration=typed)


def _is_doubtful(asked: timedelta | Until, count: int, said: Words) -> bool:
    """Tell whether a duration is perhaps another one with the words behind it."""
    behind = said[count:]
    return changes_duration(behind) or (isinstance(asked, Until) and names_zone(behind))


def _without_more(words: Words) -> Words:
    rest = without_fillers(words)
    while rest and rest[0].lower in ("by", "another"):
        rest = without_fillers(rest[1:])
    return rest


def _revoke(words: Words, _place: _Place) -> Intent:
    return Revoke(grant_id=_only_number(words, "revoke"))


def _cancel(words: Words, _place: _Place) -> Intent:
    return Cancel(request_id=_only_number(words, "cancel"))


def _list(words: Words, _place: _Place) -> Intent:
    if [word.lower for word in words] not in ([], ["all"]):
        raise Refused(ListMisread())
    return ShowList(everybody=bool(words))


def _clusters(_words: Words, _place: _Place) -> Intent:
    return ShowClusters()


def _sources(words: Words, place: _Place) -> Intent:
    return ShowSources(_one_cluster(words, place, command="sources"))


def _connect(words: Words, place: _Place) -> Intent:
    return ShowConnect(_one_cluster(words, place, command="connect"))


def _history(words: Words, place: _Place) -> Intent:
    named = _without_of(words)
    return ShowHistory(_named(named[0], place.policy) if named else None)


def _myip(_words: Words, _place: _Place) -> Intent:
    return ShowMyIp()


def _help(_words: Words, _place: _Place) -> Intent:
    return ShowHelp()


def _one_cluster(words: Words, place: _Place, *, command: str) -> str:
    if named := _without_of(words):
        return _named(named[0], place.policy)
    cluster = place.policy.cluster_of_channel(place.channel)
    if cluster is None:
        known = tuple(place.policy.clusters)
        if not known:
            raise NamesClusters(NoClusters())
        raise NamesClusters(NoClusterNamed(command=command, known=known))
    return cluster


def _named(word: Word, policy: Policy) -> str:
    """Return the cluster that a word names, with the nearest offered where it names none."""
    policy.cluster(word.plain)
    return word.lower


def _without_of(words: Words) -> Words:
    """Return the words without `of`, `to` and the like before a cluster's name."""
    rest = words[1:] if len(words) > 1 and words[0].lower == "of" else words
    return without_fillers(rest) or rest  # a cluster may have such a name


def _only_number(words: Words, command: Literal["revoke", "cancel"]) -> int:
    if len(words) != 1:
        raise Refused(NumberMissing(command=command))
    return _number(words[0])


def _number(word: Word) -> int:
    match = _ID.fullmatch(word.plain)
    if match is None:
        raise Refused(NotANumber(typed=word.typed))
    return int(match[1])


_Reader = Callable[[Words, _Place], Intent]
_READERS: dict[str, _Reader] = {
    "request": _request,
    "emergency": _emergency,
    "list": _list,
    "extend": _extend,
    "revoke": _revoke,
    "end": _revoke,  # as the button says
    "cancel": _cancel,
    "clusters": _clusters,
    "sources": _sources,
    "connect": _connect,
    "history": _history,
    "myip": _myip,
    "adopt": _adopt,
    "help": _help,
}
