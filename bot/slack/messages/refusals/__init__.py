"""Refusals in words: one sentence or two for each, which say what is wrong and what would help."""

from typing import assert_never

from bot.domain.refusals.any_refusal import AnyRefusal
from bot.domain.refusals.clusters import ClusterRefusal
from bot.domain.refusals.commands import CommandRefusal
from bot.domain.refusals.delays import DelayRefusal
from bot.domain.refusals.durations import DurationRefusal
from bot.domain.refusals.grants import GrantRefusal
from bot.domain.refusals.lookups import LookupRefusal
from bot.domain.refusals.machines import MachineRefusal
from bot.domain.refusals.requests import RequestRefusal
from bot.domain.refusals.rights import RightRefusal
from bot.domain.refusals.sources import SourceRefusal
from bot.slack.messages.quoting import Quoting, in_back_ticks
from bot.slack.messages.refusals.clusters import of_cluster
from bot.slack.messages.refusals.commands import of_command
from bot.slack.messages.refusals.delays import of_delay
from bot.slack.messages.refusals.durations import of_duration
from bot.slack.messages.refusals.grants import of_grant
from bot.slack.messages.refusals.lookups import of_lookup
from bot.slack.messages.refusals.machines import of_machine
from bot.slack.messages.refusals.requests import of_request
from bot.slack.messages.refusals.rights import of_right
from bot.slack.messages.refusals.sources import of_source


def sentence(  # noqa: C901  # a case for each kind
    refusal: AnyRefusal, code: Quoting = in_back_ticks, *, way: bool = True
) -> str:
    """Return why something is refused. *code* says how commands and what was typed are quoted.

    *way*: with the command that helps, where there is no button for it. What was typed stands in
    it as it is: whoever shows it escapes it for the place.
    """
    if isinstance(refusal, ClusterRefusal):
        return of_cluster(refusal, code)
    if isinstance(refusal, CommandRefusal):
        return of_command(refusal, code)
    if isinstance(refusal, DelayRefusal):
        return of_delay(refusal)
    if isinstance(refusal, DurationRefusal):
        return of_duration(refusal, code)
    if isinstance(refusal, GrantRefusal):
        return of_grant(refusal, code, way=way)
    if isinstance(refusal, LookupRefusal):
        return of_lookup(refusal, code)
    if isinstance(refusal, MachineRefusal):
        return of_machine(refusal, code)
    if isinstance(refusal, RequestRefusal):
        return of_request(refusal, code, way=way)
    if isinstance(refusal, RightRefusal):
        return of_right(refusal, code)
    if isinstance(refusal, SourceRefusal):
        return of_source(refusal, code)
    assert_never(refusal)


def words(reason: str | AnyRefusal, code: Quoting = in_back_ticks) -> str:
    """Return a denial's reason: what an approver wrote, or why dbaccess refuses it."""
    return reason if isinstance(reason, str) else sentence(reason, code)
