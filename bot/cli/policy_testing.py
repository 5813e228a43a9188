"""`dbaccess policy test`: does dbaccess.toml still say what a file expects of it?"""

from collections.abc import Iterator
from pathlib import Path

import typer

from bot.access.trial import NotTried, Outcome, Result, Trial
from bot.cli import frame
from bot.cli.policy_expectations import Expectation, Expectations, load_expectations
from bot.cli.policy_reasons import Reasons
from bot.clock import SystemClock
from bot.config import policy_file
from bot.domain.durations import show_duration
from bot.domain.notices import RequestFacts
from bot.domain.people import NeedsDirectory
from bot.domain.policy import ClusterPolicy, Policy
from bot.domain.refusal import Refused


def run_tests(file: Path) -> None:
    """Print a line for each test.

    Raises:
        typer.Exit: 1 where something differs from what is expected, or a file is not valid.
    """
    policy_at = policy_file()
    policy = frame.policy_in(policy_at)
    with frame.telling_configuration():
        expected = load_expectations(file, policy)
    tests = _Tests(policy, policy_at, expected)
    failed = 0
    for test in expected.test:
        differences = list(tests.differences(test))
        failed += bool(differences)
        line = f"FAILED  {test.title}: {', '.join(differences)}" if differences else test.title
        typer.echo(line if differences else f"ok      {line}")
    count = len(expected.test)
    tests_run = f"{count} test" if count == 1 else f"{count} tests"
    typer.echo(f"{tests_run}, {failed or 'none'} failed.", err=True)
    if failed:
        raise typer.Exit(1)


class _Tests:
    """Runs tests over one policy."""

    def __init__(self, policy: Policy, file: Path, expected: Expectations) -> None:
        self._policy = policy
        self._expected = expected
        self._trial = Trial(policy, SystemClock())
        self._reasons = Reasons(policy, file)

    def differences(self, test: Expectation) -> Iterator[str]:
        """Yield what differs from what is expected."""
        try:
            outcome = self._trial.of(
                test.command, self._expected.person(test.user), channel=test.channel
            )
            yield from self._of_outcome(test, outcome)
            if outcome.request is not None:
                yield from self._of_request(test, outcome.request)
        except NotTried:
            yield "only request and emergency can be tested"
        except NeedsDirectory as needs:
            groups = sorted(frozenset().union(*needs.groups.values()))
            yield f"it depends on who is in {', '.join(groups)}: say so in [groups]"

    def _of_outcome(self, test: Expectation, outcome: Outcome) -> Iterator[str]:
        codes = [refusal.code for refusal in outcome.refusals]
        is_expected = _result(outcome) == test.expect and (test.why is None or test.why in codes)
        if is_expected:
            return
        wanted = f"{test.expect} ({test.why})" if test.why else test.expect
        got = f"{_result(outcome)} ({', '.join(codes)})" if codes else _result(outcome)
        yield f"expected {wanted}, got {got}{self._because(test, outcome)}"

    def _because(self, test: Expectation, outcome: Outcome) -> str:
        """Return where the file says so, if it does."""
        reasons = [
            reason
            for refusal in outcome.refusals
            for reason in self._reasons.of_refusal(refusal, outcome.cluster)
        ]
        if outcome.request is not None:
            person = self._expected.person(test.user)
            reasons = self._reasons.of_request(outcome, outcome.request, person)[:1]
        places = [f"{reason.place} {reason.key}" for reason in reasons]
        return f" [{', '.join(places)}]" if places else ""

    def _of_request(self, test: Expectation, request: RequestFacts) -> Iterator[str]:
        cluster = self._policy.clusters[request.cluster]
        if test.approvers is not None and set(test.approvers) != set(cluster.approvers):
            yield f"approvers: expected {_list(test.approvers)}, got {_list(cluster.approvers)}"
        if test.max_duration is not None and test.max_duration != request.longest:
            wanted, got = show_duration(test.max_duration), show_duration(request.longest)
            yield f"max_duration: expected {wanted}, got {got}"
        for user in test.may_approve:
            if refused := self._refused(cluster, user, request):
                yield f"{user} may not approve it ({refused})"
        for user in test.may_not_approve:
            if not self._refused(cluster, user, request):
                yield f"{user} may approve it"

    def _refused(self, cluster: ClusterPolicy, user: str, request: RequestFacts) -> str | None:
        person = self._expected.person(user)
        try:
            cluster.check_may_approve(person, requester=request.requester)
        except Refused as refused:
            return refused.refusal.code
        return None


def _result(outcome: Outcome) -> str:
    if outcome.result is Result.APPROVALS and outcome.request is not None:
        return f"{Result.APPROVALS}:{outcome.request.approvals_needed}"
    return str(outcome.result)


def _list(names: tuple[str, ...]) -> str:
    return ", ".join(sorted(names))
