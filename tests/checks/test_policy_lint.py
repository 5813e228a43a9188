"""`dbaccess check` of the policy: what contradicts the people there are, or has no effect."""

import pytest

from bot.checks.findings import Level
from tests.checks.breaking import EMERGENCY, WRITTEN, Break, config
from tests.checks.operator_folder import Operator
from tests.scenarios.world import ALICE

OK, HINT, FAULT = Level.OK, Level.HINT, Level.FAULT


@pytest.mark.parametrize(
    ("broken", "level", "what", "words"),
    [
        # the policy
        (
            config("[clusters", 'requesters = ["U0GHOST"]\n\n[clusters'),
            FAULT,
            "policy of orders",
            "nobody can ask",
        ),
        (
            config(more=EMERGENCY.format("U0GHOST")),
            FAULT,
            "policy of orders",
            "use emergency access",
        ),
        (config(more=EMERGENCY.format("U0GHOST")), FAULT, "person U0GHOST", "nobody of that ID"),
        (
            config(more=f'source_types = ["tag"]\n{WRITTEN.format("*", "198.51.100.0/24", "1h")}'),
            HINT,
            "policy of orders",
            "never applies: source_types has no ip_addr",
        ),
        (
            config(
                '"1s"',
                '"2h"',
                'default_duration = "3h"\n' + WRITTEN.format("*", "9.0.0.0/24", "1h"),
            ),
            HINT,
            "policy of orders",
            "never applies: its max_duration",
        ),
        (
            config(
                "[clusters",
                f'requesters = ["{ALICE}"]\n\n[clusters',
                WRITTEN.format("U0RITA", "9.0.0.0/24", "1h"),
            ),
            HINT,
            "policy of orders",
            "never applies: none of its requesters",
        ),
        (
            config(more=WRITTEN.format("*", "10.1.0.0/24", "1h")),
            HINT,
            "policy of orders",
            "the cluster takes no addresses of 10.1.0.0/24",
        ),
        (
            config(more=WRITTEN.format("*", "9.0.0.0/8", "1h")),
            HINT,
            "policy of orders",
            "covers 16,777,216 addresses",
        ),
    ],
    ids=lambda value: value[:40] if isinstance(value, str) else "",
)
def test_what_cannot_work_is_told_with_its_mend(
    operator: Operator, broken: Break, level: Level, what: str, words: str
) -> None:
    broken(operator)

    operator.tells(level, what, words)


@pytest.mark.parametrize(
    ("defaults", "level"),
    [
        (f'requesters = ["{ALICE}"]', FAULT),
        (f'requesters = ["{ALICE}", "U0RITA"]', HINT),
        (f'requesters = ["{ALICE}"]\nself_approval = true', None),
    ],
)
def test_a_cluster_whose_only_approver_is_the_only_requester_serves_nobody(
    operator: Operator, defaults: str, level: Level | None
) -> None:
    config("[clusters", f"{defaults}\n\n[clusters")(operator)

    found = [one for one in operator.findings() if one.what == "policy of orders"]

    assert [one.level for one in found] == ([level] if level else [])
    if level is FAULT:
        assert "nobody who may ask has so many other approvers" in found[0].words


def test_when_approvers_leave_a_policy_that_needs_two_serves_nobody(operator: Operator) -> None:
    operator.write(
        instead_of=f'approvers = ["{ALICE}"]',
        config=f'approvers = ["{ALICE}", "U0RITA"]\napprovals = 2',
    )
    operator.tells(HINT, "policy of orders", "each of its 2 approvers is needed")

    operator.slack.deactivate_user(ALICE, tell_bot=False)

    operator.tells(FAULT, "policy of orders", "2 approvals are needed, but only 1 can approve")
