"""`dbaccess policy explain`: what would come of a command, and which line says so."""

from collections.abc import Callable, Iterable, Iterator

import typer

from bot.access.trial import NotTried, Outcome, Result, Trial
from bot.cli import frame
from bot.cli.policy_people import as_said, by_slack, check_is_person, machine
from bot.cli.policy_reasons import Reason, Reasons
from bot.clock import SystemClock
from bot.config import policy_file
from bot.domain.durations import show_duration
from bot.domain.notices import RequestFacts
from bot.domain.people import Person, Standing
from bot.domain.policy import Policy
from bot.domain.principals import is_machine
from bot.domain.typed_text import one_line
from bot.faults import Fault

_NOT_CHECKED = (
    "Not checked: what is open or waiting now (max_open_requests, max_live_grants, max_rules),\n"
    "a cluster without rules, and access that somebody else ended early."
)


def explain(text: str, user: str, groups: str | None, *, is_guest: bool, channel: str) -> None:
    """Print what would come of *text*, typed by a user.

    Raises:
        typer.Exit: 1 where that cannot be told.
    """
    file = policy_file()
    policy = frame.policy_in(file)
    trial, reasons = Trial(policy, SystemClock()), Reasons(policy, file)

    def explained(person: Person) -> list[str]:
        return list(_lines(trial.of(text, person, channel=channel), person, reasons))

    with frame.telling_faults():
        try:
            if is_machine(user):
                _check_is_all(is_guest, groups, channel)
                lines = explained(machine(user, policy))
            else:
                lines = _of_person(user, groups, policy, explained, is_guest=is_guest)
        except NotTried:
            what = "request" if is_machine(user) else "request and emergency"
            words = f"Only {what} can be explained."
            raise Fault(f"{words} Try: request 203.0.113.4 2h orders") from None
    typer.echo("\n".join(lines))


def _check_is_all(*said: object) -> None:
    """Refuse what is said about a machine, and can only be so of a person."""
    if any(one not in (False, None, "") for one in said):
        raise Fault("A machine is no guest, and in no group or channel.")


def _of_person(
    user: str,
    groups: str | None,
    policy: Policy,
    explained: Callable[[Person], list[str]],
    *,
    is_guest: bool,
) -> list[str]:
    check_is_person(user)
    if groups is not None:
        return explained(as_said(user, groups, policy, is_guest=is_guest))
    if is_guest:
        raise Fault("--guest needs --groups. Without it, Slack says who is a guest.")
    return by_slack(user, explained)


def _lines(outcome: Outcome, person: Person, reasons: Reasons) -> Iterator[str]:
    match outcome:
        case Outcome(result=Result.FORM):
            opens = "" if person.standing is Standing.MACHINE else "A form opens: "
            yield f"{opens}the line isn't complete, or can be read in two ways."
        case Outcome(request=RequestFacts() as request):
            yield _decision(outcome.result, request, person)
            yield f"  {_what(request)}"
            yield from _aligned(reasons.of_request(outcome, request, person))
            yield _NOT_CHECKED
        case _:
            for refusal in outcome.refusals:
                yield f"Refused ({refusal.code}): {one_line(frame.words(refusal))}"
                found = reasons.of_refusal(refusal, outcome.cluster)
                yield from _aligned(found) if found else ["  No setting changes this."]


def _decision(result: Result, request: RequestFacts, person: Person) -> str:
    if result is Result.EMERGENCY:
        return "Opens at once as emergency access. An approver has to review it."
    if result is Result.AUTO:
        return "Opens at once by written policy. Nobody is asked."
    mine = () if request.self_approval else (person.id,)
    approvers = ", ".join(name for name in request.may_decide if name not in mine)
    needed = request.approvals_needed
    return f"Needs {'1 approval' if needed == 1 else f'{needed} approvals'} from {approvers}."


def _what(request: RequestFacts) -> str:
    return f"{request.cluster} from {request.source} for {show_duration(request.duration)}"


def _aligned(reasons: Iterable[Reason]) -> Iterator[str]:
    """Yield a line for each key: its place, so that a terminal or editor leads there, first."""
    reasons = list(reasons)
    width = max((len(one.place) for one in reasons), default=0)
    for one in reasons:
        value = f" = {one.value}" if one.value else ""
        note = f"  ({one.note})" if one.note else ""
        yield f"  {one.place.ljust(width)}  {one.key}{value}{note}"
