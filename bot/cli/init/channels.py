"""Channels by the names that people give them: `#db-approvals`, a link to it, or its ID."""

import re
from collections.abc import Callable, Sequence
from typing import Protocol

from rapidfuzz import fuzz, process

from bot.cli.init.asking import Unusable
from bot.domain.principals import CHANNEL_ID
from bot.domain.typed_text import one_line, unwrapped
from bot.slack.installation import Channel, Installation, SlackFailure
from bot.slack.workspace_names import NamedChannel, WorkspaceNames

_SIMILAR = 70  # of 100
_ID = re.compile(CHANNEL_ID)
_LINK = re.compile(rf"https://[^/\s]+/(?:archives|client/T[A-Z0-9]+)/({CHANNEL_ID})(?:[/?].*)?")
_KEPT = re.compile(rf"({CHANNEL_ID}) #(\S+)")
_NAME = re.compile(r"#?([^\s#@,<>/]{1,80})")
_NO_NAME = "Type a channel like #db-approvals, or paste its link."
_UNKNOWN = frozenset({"channel_not_found", "not_in_channel"})

Choose = Callable[[str, Sequence[str]], int]


class ConfirmPost(Protocol):
    """Asks whether one line may be posted to the channel of a name."""

    def __call__(self, name: str) -> bool:
        """Return whether it may."""
        ...


class Channels:
    """Finds channels, and looks whether dbaccess is in them, as far as its scopes show.

    Args:
        slack: asks about a channel by its ID, as `dbaccess check` does.
        names: finds it by its name.
        choose: asks which of several is meant; raises Unusable if that cannot be said.
        may_post: whether dbaccess may post a line to find a channel, where it cannot list them.
    """

    def __init__(
        self,
        slack: Installation,
        names: WorkspaceNames,
        *,
        choose: Choose,
        may_post: ConfirmPost,
    ) -> None:
        self._slack = slack
        self._names = names
        self._choose = choose
        self._may_post = may_post
        self._posted: dict[str, NamedChannel] = {}

    def find(self, typed: str, post: str) -> NamedChannel:
        """Return the channel that is meant.

        Args:
            typed: its name, a link to it or its ID.
            post: what to post into it if there is no other way to find it.

        Raises:
            Unusable: there is none, it is archived, dbaccess is not in it, or Slack fails.
        """
        try:
            return self._find(one_line(unwrapped(typed)), post)
        except SlackFailure as failure:
            if failure.unreachable is None:
                raise Unusable(f"Slack refuses that channel ({failure.code}).") from failure
            raise Unusable(f"Slack cannot be reached, {failure.unreachable}") from failure

    def _find(self, typed: str, post: str) -> NamedChannel:
        if kept := _KEPT.fullmatch(typed):
            return self._by_id(kept[1], name=kept[2])
        link = _LINK.fullmatch(typed)
        if link or _ID.fullmatch(typed):
            return self._by_id(link[1] if link else typed)
        name = _NAME.fullmatch(typed)
        if not name:
            raise Unusable(_NO_NAME)
        return self._by_name(name[1].lower(), post)

    def _by_id(self, channel_id: str, *, name: str = "") -> NamedChannel:
        shown = self._slack.channel(channel_id)
        if shown is not None:
            _refuse_unusable(shown)
            return NamedChannel(channel_id, one_line(shown.name))
        if not self._slack.has_channel(channel_id):
            raise Unusable(
                f"Slack shows dbaccess no channel {channel_id}. If it is private, type "
                "`/invite @dbaccess` there first."
            )
        return NamedChannel(channel_id, name)

    def _by_name(self, name: str, post: str) -> NamedChannel:
        listed = self._names.channels()
        if listed is None:
            return self._by_posting(name, post)
        found = [channel for channel in listed if channel.name == name]
        if found:
            return self._by_id(found[0].id)
        names = {channel.name: channel for channel in listed}
        matches = process.extract(
            name, list(names), scorer=fuzz.ratio, score_cutoff=_SIMILAR, limit=5
        )
        if not matches:
            raise Unusable(
                f"Slack shows no public channel #{name}. If it is private, paste its link (channel "
                "name, Copy, Copy link)."
            )
        near = [names[match[0]] for match in matches]
        which = self._choose(f"There is no #{name}. Closest:", [f"#{one.name}" for one in near])
        return self._by_id(near[which].id)

    def _by_posting(self, name: str, post: str) -> NamedChannel:
        if name in self._posted:
            return self._posted[name]
        if not self._may_post(name):
            raise Unusable("Paste the channel's link, then (channel name, Copy, Copy link).")
        try:
            self._posted[name] = self._names.post_to(name, post)
        except SlackFailure as failure:
            if failure.code in _UNKNOWN:
                raise Unusable(
                    f"dbaccess is not in #{name}, or there is no such channel. Type `/invite "
                    "@dbaccess` there, then answer again."
                ) from failure
            if failure.code == "is_archived":
                raise Unusable(f"#{name} is archived. Name another.") from failure
            raise
        return self._posted[name]


def check_written(typed: str) -> None:
    """Look at how a channel is named, without asking Slack.

    Raises:
        Unusable: no channel is named like that.
    """
    written = one_line(unwrapped(typed))
    if not any(shape.fullmatch(written) for shape in (_KEPT, _LINK, _ID, _NAME)):
        raise Unusable(_NO_NAME)


def kept(channel: NamedChannel) -> str:
    """Return a channel as an answer that is understood again."""
    return f"{channel.id} #{channel.name}" if channel.name else channel.id


def _refuse_unusable(shown: Channel) -> None:
    if shown.is_archived:
        raise Unusable(f"#{one_line(shown.name)} is archived. Name another.")
    if not shown.is_member:
        raise Unusable(
            f"dbaccess is not in #{one_line(shown.name)}. Type `/invite @dbaccess` there, then "
            "answer again."
        )
