from datetime import timedelta
from ipaddress import IPv4Network
from typing import Any

import pytest
from pydantic import ValidationError

from bot.domain.people import NeedsDirectory, Person, Standing
from bot.domain.policy import ClusterPolicy, Policy, Scheduler
from bot.domain.refusal import NotYours, Refused
from bot.domain.refusals.rights import NotAnApprover, OwnRequest
from bot.domain.sources import parse_source
from bot.slack.messages.refusals import sentence
from tests.domain.examples import CLUSTER_ID, HOUR, MINUTE, ORDERS, orders, refused

ALICE = Person("U0ALICE", Standing.MEMBER)
BOB = Person("U0BOB", Standing.MEMBER, asked=frozenset({"S0DBADMINS", "S0ONCALL"}))
ADMIN = Person("U0DAVE", Standing.MEMBER, frozenset({"S0DBADMINS"}))
ONCALL = Person("U0ERIN", Standing.MEMBER, frozenset({"S0ONCALL"}))
NIGHTLY = {"requesters": ["S0ONCALL"], "sources": ["198.51.100.0/24"], "max_duration": "1h"}


def policy(**clusters: str) -> Policy:
    """Return a policy with one cluster for each alias, in the channel given."""
    return Policy.model_validate(
        {
            "instance": "prod",
            "operators": "C0OPS",
            "clusters": {
                alias: {
                    "id": f"00000000-0000-4000-8000-{number:012}",
                    "channel": channel,
                    "approvers": ["U0ALICE"],
                }
                for number, (alias, channel) in enumerate(clusters.items())
            },
        }
    )


def fault_of(**changes: Any) -> str:
    """Return what is said of a cluster's policy with *changes* that make no sense."""
    with pytest.raises(ValidationError) as fault:
        orders(**changes)
    return str(fault.value)


def test_a_cluster_that_says_little_gets_the_careful_defaults() -> None:
    assert ORDERS.requesters == ("*",)
    assert ORDERS.approvals == 1
    assert not ORDERS.self_approval
    assert ORDERS.source_types == ("ip_addr",)
    assert ORDERS.min_prefix == 32
    assert not ORDERS.allow_private
    assert not ORDERS.allow_open
    assert ORDERS.default_duration == HOUR
    assert (ORDERS.min_duration, ORDERS.max_duration) == (MINUTE, 8 * HOUR)
    assert ORDERS.request_ttl == 4 * HOUR
    assert ORDERS.on_outside_removal == "end"


def test_durations_are_written_as_people_type_them() -> None:
    assert orders(max_duration="1h30m", default_duration="1h").max_duration == 90 * MINUTE
    assert Scheduler.model_validate({"tick": "5s"}).tick == timedelta(seconds=5)


def test_a_duration_that_does_not_parse_is_a_fault_with_the_reason() -> None:
    assert "`soon` isn't a duration" in fault_of(max_duration="soon")
    assert "duration of zero" in fault_of(request_ttl="0s")


@pytest.mark.parametrize(
    "changes",
    [
        {"max_duratoin": "1h"},
        {"approvers": []},
        {"approvers": ["alice"]},
        {"approvers": ["*"]},
        {"requesters": []},
        {"requesters": ["everyone"]},
        {"channel": "#approvals"},
        {"approvals": 0},
        {"min_prefix": 0},
        {"min_prefix": 33},
        {"source_types": ["ipv6"]},
        {"on_outside_removal": "ignore"},
        {"auto_approve": [NIGHTLY | {"sources": ["198.51.100.7/24"]}]},
        {"emergency": {"requesters": [], "max_duration": "30m"}},
    ],
)
def test_unknown_keys_and_bad_values_are_faults_that_name_the_key(changes: dict[str, Any]) -> None:
    assert next(iter(changes)) in fault_of(**changes)


def test_a_shortest_duration_above_the_longest_is_a_fault() -> None:
    assert "min_duration is longer than max_duration" in fault_of(min_duration="9h")


def test_a_default_duration_below_the_shortest_is_a_fault() -> None:
    assert "default_duration is shorter than min_duration" in fault_of(min_duration="2h")


def test_more_approvals_than_named_approvers_is_a_fault() -> None:
    assert "2 approvals are needed, but only 1 approvers" in fault_of(
        approvers=["U0ALICE", "U0ALICE"], approvals=2
    )


def test_a_group_of_approvers_may_hold_as_many_as_it_takes() -> None:
    assert orders(approvers=["S0DBADMINS"], approvals=2).approvals == 2


def test_a_request_without_a_duration_is_for_the_default_within_the_limit() -> None:
    assert ORDERS.usual_duration == HOUR
    assert orders(max_duration="30m").usual_duration == 30 * MINUTE


def test_a_source_of_a_type_the_cluster_does_not_take_is_refused_with_those_it_takes() -> None:
    with refused("take `tag`. Use `203.0.113.4`"):
        ORDERS.check_source(parse_source("tag:backend"))
    orders(source_types=["ip_addr", "tag"]).check_source(parse_source("tag:backend"))


def test_the_clusters_own_limits_hold_for_addresses() -> None:
    ORDERS.check_source(parse_source("203.0.113.4"))
    with refused("too wide"):
        ORDERS.check_source(parse_source("203.0.113.0/28"))
    with refused("private"):
        ORDERS.check_source(parse_source("10.0.0.1"))
    orders(min_prefix=28, allow_private=True).check_source(parse_source("10.0.0.0/28"))


def test_a_duration_within_the_limits_is_taken() -> None:
    ORDERS.check_duration(MINUTE)
    ORDERS.check_duration(8 * HOUR)
    ORDERS.check_duration(HOUR, already=7 * HOUR)


def test_a_duration_that_is_too_short_is_refused_with_the_shortest() -> None:
    with refused("`45s` is too short") as caught:
        ORDERS.check_duration(timedelta(seconds=45))

    assert "at least `1m`" in sentence(caught.value.refusal)


def test_a_duration_that_is_too_long_is_refused_with_the_longest() -> None:
    with refused("`8h1s` is too long") as caught:
        ORDERS.check_duration(8 * HOUR + timedelta(seconds=1))

    assert "at most `8h`" in sentence(caught.value.refusal)


def test_an_extension_past_the_limit_is_refused_with_what_is_left() -> None:
    with refused("You can add `2h`") as caught:
        ORDERS.check_duration(3 * HOUR, already=6 * HOUR)

    assert "at most `8h`, extensions included" in sentence(caught.value.refusal)


def test_an_extension_of_a_grant_that_had_it_all_is_refused() -> None:
    with refused("reached its maximum of `8h`") as caught:
        ORDERS.check_duration(HOUR, already=8 * HOUR)

    assert "Ask again when it ends" in sentence(caught.value.refusal)


def test_a_reason_is_wanted_only_where_the_policy_says_so() -> None:
    ORDERS.check_reason("")
    strict = orders(require_reason=True)
    strict.check_reason("INC-4711")
    with refused("requires a reason"):
        strict.check_reason("")


def test_everybody_may_ask_unless_requesters_are_named() -> None:
    ORDERS.check_may_request(BOB)
    closed = orders(requesters=["U0ALICE", "S0ONCALL"])
    closed.check_may_request(ALICE)
    closed.check_may_request(ONCALL)
    with refused("may not request access to this cluster", NotYours):
        closed.check_may_request(BOB)


@pytest.mark.parametrize("approver", [ALICE, ADMIN])
def test_named_people_and_members_of_named_groups_may_approve(approver: Person) -> None:
    ORDERS.check_may_approve(approver, requester="U0BOB")
    assert ORDERS.may_approve(approver)


def test_p4_nobody_else_may_approve_and_learns_whom_to_ask() -> None:
    with refused("not an approver", NotYours) as caught:
        ORDERS.check_may_approve(BOB, requester="U0CAROL")

    assert caught.value.refusal == NotAnApprover(ask=("U0ALICE", "S0DBADMINS"))
    assert not ORDERS.may_approve(BOB)


@pytest.mark.parametrize("standing", sorted(set(Standing) - {Standing.MEMBER, Standing.UNKNOWN}))
def test_p4_only_full_members_may_approve_even_when_named(standing: Standing) -> None:
    somebody = Person("U0ALICE", standing)

    with refused("Only full members", NotYours):
        ORDERS.check_may_approve(somebody, requester="U0BOB")
    assert not ORDERS.may_approve(somebody)


def test_p4_somebody_nobody_asked_the_directory_about_has_no_right_over_others() -> None:
    unknown = Person("U0ALICE")

    with pytest.raises(NeedsDirectory):
        ORDERS.may_approve(unknown)
    with pytest.raises(NeedsDirectory):
        ORDERS.check_may_approve(unknown, requester="U0BOB")


def test_p4_where_the_directory_cannot_be_asked_nobody_has_a_right_over_others() -> None:
    unknown = Person("U0ALICE", is_final=True)

    assert not ORDERS.may_approve(unknown)
    with pytest.raises(NotYours):
        ORDERS.check_may_approve(unknown, requester="U0BOB")


def test_what_one_sees_of_many_clusters_is_asked_for_at_once() -> None:
    both = policy(orders="C0ONE", billing="C0TWO")
    by_groups = {
        "orders": orders(requesters=["S0ONCALL"]),
        "billing": orders(requesters=["S0BILLING", "S0ONCALL"]),
    }

    with pytest.raises(NeedsDirectory) as needs:
        both.model_copy(update={"clusters": by_groups}).seen_by(Person("U0CAROL", Standing.MEMBER))

    assert needs.value.groups == {"U0CAROL": {"S0ONCALL", "S0BILLING"}}


def test_a_written_policy_that_covers_somebody_by_name_needs_no_group() -> None:
    by_name = {**NIGHTLY, "requesters": ["U0CAROL"]}
    nightly = orders(auto_approve=[NIGHTLY, by_name], min_prefix=24)
    source = parse_source("198.51.100.7")

    assert nightly.written_approval(Person("U0CAROL", Standing.MEMBER), source, HOUR)
    with pytest.raises(NeedsDirectory) as needs:
        nightly.written_approval(Person("U0DORA", Standing.MEMBER), source, HOUR)
    assert needs.value.groups == {"U0DORA": {"S0ONCALL"}}


@pytest.mark.parametrize(
    ("source", "duration"), [("203.0.113.7", HOUR), ("198.51.100.7", 2 * HOUR)]
)
def test_a_written_policy_that_cannot_cover_it_needs_to_know_nobody(
    source: str, duration: timedelta
) -> None:
    nightly = orders(auto_approve=[NIGHTLY], min_prefix=24)

    assert nightly.written_approval(Person("U0CAROL"), parse_source(source), duration) is None


def test_p4_requesters_cannot_approve_their_own_request_unless_the_policy_says_so() -> None:
    with refused("cannot decide on your own request", NotYours) as caught:
        ORDERS.check_may_approve(ALICE, requester="U0ALICE")

    assert caught.value.refusal == OwnRequest(ask=("S0DBADMINS",))
    orders(self_approval=True).check_may_approve(ALICE, requester="U0ALICE")


def test_a_written_policy_approves_who_and_what_it_names() -> None:
    nightly = orders(auto_approve=[NIGHTLY], min_prefix=24)
    approval = nightly.written_approval(ONCALL, parse_source("198.51.100.7"), HOUR)

    assert approval is nightly.auto_approve[0]
    assert nightly.written_approval(ONCALL, parse_source("198.51.100.0/24"), HOUR)
    assert approval.sources == (IPv4Network("198.51.100.0/24"),)


@pytest.mark.parametrize(
    ("person", "source", "duration"),
    [
        (BOB, "198.51.100.7", HOUR),
        (Person("U0ERIN", Standing.GUEST, ONCALL.groups), "198.51.100.7", HOUR),
        (ONCALL, "203.0.113.4", HOUR),
        (ONCALL, "198.51.0.0/16", HOUR),
        (ONCALL, "tag:backend", HOUR),
        (ONCALL, "198.51.100.7", HOUR + timedelta(seconds=1)),
    ],
)
def test_p4_a_written_policy_approves_nothing_that_it_does_not_name(
    person: Person, source: str, duration: timedelta
) -> None:
    nightly = orders(auto_approve=[NIGHTLY])

    assert nightly.written_approval(person, parse_source(source), duration) is None


def test_a_cluster_is_found_by_its_alias_in_any_case() -> None:
    both = policy(orders="C0ONE", billing="C0TWO")

    assert both.cluster("Orders") is both.clusters["orders"]


def test_an_unknown_cluster_is_refused_and_the_nearest_is_offered() -> None:
    with refused("no cluster `ordres`") as caught:
        policy(orders="C0ONE", billing="C0TWO").cluster("ordres")

    assert "Did you mean `orders`?" in sentence(caught.value.refusal)


def test_an_unknown_cluster_that_is_near_none_is_refused_with_those_there_are() -> None:
    with pytest.raises(Refused) as caught:
        policy(orders="C0ONE", billing="C0TWO").cluster("xyz")

    assert "You have `orders` and `billing`." in sentence(caught.value.refusal)


def test_two_aliases_for_one_cluster_are_a_fault() -> None:
    cluster = {"id": CLUSTER_ID, "channel": "C0ONE", "approvers": ["U0ALICE"]}

    with pytest.raises(ValidationError, match="orders and sales have the same id"):
        Policy.model_validate(
            {
                "instance": "prod",
                "operators": "C0OPS",
                "clusters": {"orders": cluster, "sales": cluster},
            }
        )


@pytest.mark.parametrize("instance", ["", "Prod", "a b", "prod/1", "-prod", "x" * 33])
def test_an_instance_that_a_label_could_not_carry_is_a_fault(instance: str) -> None:
    written = policy(orders="C0ONE").model_dump()

    with pytest.raises(ValidationError, match="instance"):
        Policy.model_validate(written | {"instance": instance})


def test_a_request_that_names_no_cluster_is_for_the_one_of_its_channel() -> None:
    both = policy(orders="C0ONE", billing="C0TWO")

    assert both.cluster_of_channel("C0TWO") == "billing"
    assert both.cluster_of_channel("C0ELSE") is None


def test_a_request_that_names_no_cluster_is_for_the_only_one() -> None:
    assert policy(orders="C0ONE").cluster_of_channel("D0DIRECT") == "orders"


def test_a_channel_of_two_clusters_names_neither() -> None:
    assert policy(orders="C0ONE", billing="C0ONE").cluster_of_channel("C0ONE") is None


def test_the_models_of_the_policy_cannot_be_changed_while_it_runs() -> None:
    with pytest.raises(ValidationError, match="frozen"):
        ClusterPolicy.model_validate(ORDERS.model_dump()).approvals = 5


@pytest.mark.parametrize("value", [0, -5, 3600, 1.5, True])
def test_a_duration_in_the_policy_is_written_like_one(value: object) -> None:
    with pytest.raises(ValueError, match="isn't a duration"):
        ClusterPolicy.model_validate(
            {"id": CLUSTER_ID, "channel": "C0A", "approvers": ["U0A"], "request_ttl": value}
        )


def test_p4_a_request_that_too_few_could_approve_is_refused_at_once() -> None:
    two = orders(approvers=["U0ALICE", "U0BOB"], approvals=2)
    with refused("needs 2 approvals. Besides you, only 1 can approve"):
        two.check_can_be_decided(requester="U0ALICE")
    two.check_can_be_decided(requester="U0RITA")
    itself = orders(approvers=["U0ALICE", "U0BOB"], approvals=2, self_approval=True)
    itself.check_can_be_decided(requester="U0ALICE")


def test_whether_a_group_has_enough_members_is_not_guessed() -> None:
    orders(approvers=["S0DBADMINS"], approvals=2).check_can_be_decided(requester="U0ALICE")


def test_a_cluster_is_known_by_its_uuid_whatever_its_name() -> None:
    cluster = orders()
    policy = Policy(instance="prod", operators="C0OPS", clusters={"orders": cluster})
    assert policy.by_id(str(cluster.id)) == cluster
    assert policy.by_id("00000000-0000-4000-8000-000000000000") is None
