"""Machines: which of them a pattern means, and which patterns are refused."""

import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.config import ConfigError, parse_policy
from bot.domain.machines import LONGEST_PRINCIPAL, Machine, MachinePattern, is_subject
from bot.domain.people import Person, Standing
from bot.domain.policy import Policy
from bot.domain.sources import parse_source
from tests.domain.examples import MINUTE, SECOND
from tests.test_config import WRITTEN, changed

GITHUB = {"issuer": "https://token.actions.githubusercontent.com", "audience": "dbaccess"}
PUBLIC = {"issuer": "https://gitlab.com", "audience": "dbaccess"}
OURS = {"issuer": "https://gitlab.acme.example", "audience": "dbaccess"}
MAIN = "github:repo:acme/shop:ref:refs/heads/main"
BY_MACHINE = {"machines": [MAIN], "max_duration": "30m"}
HOME = parse_source("203.0.113.4")
ALICE = Person("U0ALICE", Standing.MEMBER)


def with_machines(*written: dict[str, Any], **issuers: Any) -> Policy:
    return parse_policy(
        changed(
            machines={"github": GITHUB, "ours": OURS, "public": PUBLIC} | issuers,
            clusters__orders__auto_approve=list(written),
        )
    )


@pytest.mark.parametrize(
    ("pattern", "principal"),
    [
        (MAIN, MAIN),
        ("github:repo:acme/*:ref:refs/heads/main", MAIN),
        ("github:repo:acme/shop:ref:refs/heads/*", MAIN),
        ("github:repo:acme/s*p:ref:refs/*/m*n", MAIN),
        ("github:repo:acme/shop:*", "github:repo:acme/shop:pull_request"),
        ("ours:project:acme/*:type:tag:ref:v*", "ours:project:acme/a:type:tag:ref:v1.2"),
        ("ours:*", "ours:nightly"),
    ],
)  # fmt: skip
def test_a_pattern_means_a_machine(pattern: str, principal: str) -> None:
    assert MachinePattern(pattern).matches(principal)


@pytest.mark.parametrize(
    ("pattern", "principal"),
    [
        (MAIN, f"{MAIN}-2"),
        (MAIN, f"{MAIN}\n"),
        (MAIN, MAIN.replace("acme", "ACME")),
        (MAIN, MAIN.replace("github:", "ours:")),
        (MAIN.replace("shop", "sh.p"), MAIN),
        (MAIN.replace("shop", "[s]hop"), MAIN),
        (MAIN.replace("shop", "sho?"), MAIN),
        ("github:repo:acme/*:ref:refs/heads/main", "github:repo:acme/a/b:ref:refs/heads/main"),
        ("github:repo:acme/*:ref:refs/heads/main", "github:repo:acme/a:b:ref:refs/heads/main"),
        ("github:repo:acme/*:ref:refs/heads/main", "github:repo:acme/:ref:refs/heads/main"),
        ("github:repo:acme/shop:ref:refs/heads/*", "github:repo:acme/shop:ref:refs/heads/a/b"),
        ("github:repo:acme/shop:ref:refs/heads/*", "github:repo:acme/shop:ref:refs/heads/"),
        ("github:repo:acme/shop:*", MAIN),
        ("github:repo:acme/shop:ref:refs/heads/*", "github:repo:acme/shop:ref:refs/pull/1/merge"),
    ],
)
def test_p4_a_pattern_means_no_other_machine(pattern: str, principal: str) -> None:
    assert not MachinePattern(pattern).matches(principal)


@given(
    st.text("ab:/*", min_size=1, max_size=9).filter(lambda text: "**" not in text),
    st.text("ab:/", min_size=1, max_size=9),
)
def test_a_star_means_what_it_says_wherever_it_stands(pattern: str, subject: str) -> None:
    plain = "[^:/]+".join(map(re.escape, pattern.split("*")))

    does_match = MachinePattern(f"ours:{pattern}").matches(f"ours:{subject}")

    assert does_match is (re.fullmatch(plain, subject) is not None)


def test_many_stars_take_no_longer() -> None:
    """Whoever pushes a branch chooses its name, which could take hours to try in all ways."""
    branch = "github:repo:acme/shop:ref:refs/heads/"

    assert not MachinePattern(f"{branch}{'a*' * 40}b").matches(branch + "a" * 200)
    assert MachinePattern(f"{branch}{'a*' * 40}b").matches(f"{branch}{'a' * 200}b")


@pytest.mark.parametrize(
    ("pattern", "problem"),
    [
        ("gitlab:project_path:acme/shop:ref_type:branch:ref:main", "no [machines.gitlab]"),
        ("GitHub:repo:acme/shop", "a key of [machines]"),
        ("github", "a key of [machines]"),
        ("github:", "a key of [machines]"),
        ("github: repo:acme/shop", "a key of [machines]"),
        ("github:repo:acm\u0435/shop", "a key of [machines]"),
        ("github:repo:acme/shop\n", "a key of [machines]"),
        ("*", "a key of [machines]"),
        ("*:repo:acme/shop", "a key of [machines]"),
        ("github:" + "a" * 256, "a key of [machines]"),
        (7, "a key of [machines]"),
        ("github:*", "every machine"),
        ("github:*:*/*", "every machine"),
        ("github:repo:acme/**", "one part"),
        ("github:repo:*/shop:ref:refs/heads/main", "strangers"),
        ("github:repo:acme*/shop:ref:refs/heads/main", "strangers"),
        ("github:environment:production", "strangers"),
        ("github:job_workflow_ref:acme/ci/.github/workflows/x.yml@refs/heads/main", "strangers"),
        ("github:repo", "strangers"),
        ("github:repo:", "strangers"),
        ("github:environment:production:repo:acme/shop", "strangers"),  # a name may hold the rest
        ("public:namespace_path:*:ref:main", "strangers"),
    ],
)
def test_p4_a_pattern_that_means_too_many_or_nobody_is_refused(pattern: Any, problem: str) -> None:
    with pytest.raises(ConfigError) as caught:
        with_machines({**BY_MACHINE, "machines": [MAIN, pattern]})
    assert problem in str(caught.value)
    assert len(caught.value.problems) == 1


@pytest.mark.parametrize(
    "pattern",
    [
        "github:repo:acme/*:environment:production",
        "github:repo:acme@123/shop@456:ref:refs/heads/main",
        "github:repository_owner:acme:environment:production",
        "github:repository_id:456:environment:production",
        "public:project_path:acme/*:ref_type:branch:ref:main",
        "ours:project_path:*/*:ref_type:branch:ref:main",
    ],
)
def test_a_pattern_that_names_an_owner_or_is_of_an_issuer_of_ones_own_is_taken(
    pattern: str,
) -> None:
    policy = with_machines({**BY_MACHINE, "machines": [pattern]})
    [written] = policy.clusters["orders"].auto_approve
    assert [str(one) for one in written.machines] == [pattern]


@pytest.mark.parametrize(
    ("issuer", "problem"),
    [
        ({"issuer": "http://issuer.example"}, "a URL with https://"),
        ({"issuer": "http://127.0.0.1.example"}, "a URL with https://"),
        ({"issuer": "ftp://issuer.example"}, "a URL with https://"),
        ({"issuer": "https://user@issuer.example"}, "a URL with https://"),
        ({"issuer": "https://issuer.example?tenant=1"}, "a URL with https://"),
        ({"issuer": "https://issuer.example#a"}, "a URL with https://"),
        ({"issuer": "https://issuer.example:port"}, "a URL with https://"),
        ({"issuer": "https://"}, "a URL with https://"),
        ({"issuer": GITHUB["issuer"]}, "github and other have the same issuer"),
        ({"jwks_url": "http://issuer.example/keys"}, "a URL with https://"),
        ({"audience": ""}, "at least 1 character"),
        ({"audiences": ["a"]}, "unknown key, did you mean audience?"),
    ],
)
def test_an_issuer_that_could_not_be_trusted_is_refused(
    issuer: dict[str, Any], problem: str
) -> None:
    other = {"issuer": "https://issuer.example", "audience": "dbaccess"} | issuer
    with pytest.raises(ConfigError) as caught:
        with_machines(BY_MACHINE, other=other)
    assert problem in str(caught.value)


@pytest.mark.parametrize("url", ["http://127.0.0.1:8080", "http://[::1]:1/x", "http://localhost"])
def test_an_issuer_on_this_machine_needs_no_https(url: str) -> None:
    policy = with_machines(BY_MACHINE, local={"issuer": url, "audience": "dbaccess"})
    assert policy.machines["local"].issuer == url


@pytest.mark.parametrize(
    ("written", "problem"),
    [
        ({"max_duration": "1h", "sources": ["203.0.113.0/24"]}, "names neither"),
        ({"max_duration": "1h", "requesters": ["*"]}, "sources is missing"),
        ({"max_duration": "1h", "requesters": ["*"], "machines": [MAIN]}, "sources is missing"),
        ({"max_duration": "1h", "machines": []}, "at least 1 item"),
        ({"max_duration": "1h", "requesters": [MAIN]}, "does not look right"),
    ],
)
def test_a_written_policy_says_whom_it_is_for(written: dict[str, Any], problem: str) -> None:
    with pytest.raises(ConfigError) as caught:
        with_machines(written)
    assert problem in str(caught.value)


def test_p4_a_machine_is_nobody_in_slack_and_nobody_in_slack_is_a_machine() -> None:
    in_slack = {**WRITTEN, "requesters": ["*"], "sources": ["203.0.113.0/24"]}
    cluster = with_machines(in_slack, BY_MACHINE).clusters["orders"]
    for_all, by_machine = cluster.auto_approve

    assert cluster.written_approval(MAIN, HOME, 30 * MINUTE) is by_machine
    assert cluster.written_approval(MAIN, HOME, 30 * MINUTE + SECOND) is None
    assert cluster.written_approval(ALICE, HOME, MINUTE) is for_all
    assert by_machine.exceeded_key(ALICE, HOME, MINUTE) == "requesters"
    assert by_machine.exceeded_key(Person("U0NOT0ASKED"), HOME, MINUTE) == "requesters"
    assert for_all.exceeded_key(MAIN, HOME, MINUTE) == "machines"
    assert by_machine.exceeded_key(f"{MAIN}2", HOME, MINUTE) == "machines"


def test_a_machine_asks_for_the_addresses_that_are_written_or_for_any() -> None:
    anywhere, there = (
        with_machines({**BY_MACHINE, **sources}).clusters["orders"].auto_approve[0]
        for sources in ({}, {"sources": ["198.51.100.0/24"]})
    )
    assert anywhere.covers(MAIN, HOME, MINUTE)
    assert there.exceeded_key(MAIN, HOME, MINUTE) == "sources"
    assert there.covers(MAIN, parse_source("198.51.100.7"), MINUTE)
    assert anywhere.exceeded_key(MAIN, parse_source("tag:ci"), MINUTE) == "sources"


@pytest.mark.parametrize(
    "subject",
    ["", " a", "a ", "a\n", "a\tb", "repo:acm\u0435/shop", "repo:*/shop", "a" * 256, "\u202ea"],
)
def test_a_subject_that_could_be_mistaken_for_another_is_none(subject: str) -> None:
    assert not is_subject(subject)


def test_a_machine_is_called_by_issuer_and_subject() -> None:
    machine = Machine("github", "repo:acme/shop:environment:Load Test")
    assert is_subject(machine.subject)
    assert machine.principal == "github:repo:acme/shop:environment:Load Test"
    assert len(Machine("g" * 32, "s" * 255).principal) == LONGEST_PRINCIPAL
