"""Machines ask by HTTP: in and out by a written policy, and nobody is asked."""

from collections.abc import Callable
from typing import Any

import pytest

from bot.domain.lifecycle import EndReason, GrantState
from tests.scenarios.jobs import MAIN, Job, Jobs
from tests.scenarios.world import ALICE, APPROVALS, IP, ORDERS, RITA, World

Worlds = Callable[[dict[str, Any]], World]
TRUSTED = f"ip_addr:{IP}"
NAME = ":gear: `github acme/shop@main`"


@pytest.fixture
def world(worlds: Worlds, jobs: Jobs) -> World:
    return worlds(jobs.policy())


@pytest.fixture
def job(world: World, jobs: Jobs) -> Job:
    return jobs.job(world)


@pytest.mark.both_databases
def test_a_job_gets_in_and_out_by_itself(world: World, job: Job) -> None:
    asked = job.asks(reason="migrations of release 41")

    assert (asked.status_code, asked.headers["Location"]) == (202, "/v1/requests/1")
    assert asked.json()["state"] == "applying"
    assert asked.json()["source"] == IP
    assert TRUSTED in world.sources()
    assert job.sees().json() == {**asked.json(), "state": "active"}
    assert world.request().reason == "migrations of release 41"

    ended = job.ends()

    assert (ended.status_code, ended.json()["state"]) == (200, "removing")
    assert TRUSTED not in world.sources()
    over = job.sees().json()
    assert (over["state"], over["end_reason"]) == ("ended", "revoked")
    assert over["ended_at"] is not None
    assert job.ends().json() == over


def test_a_job_that_dies_loses_access_at_its_time(world: World, job: Job) -> None:
    job.asks()

    world.pass_time(minutes=20, seconds=1)

    assert TRUSTED not in world.sources()
    assert job.sees().json()["end_reason"] == "expired"


@pytest.mark.both_databases
def test_the_same_job_gets_the_same_access(world: World, job: Job) -> None:
    first = job.asks().json()
    world.pass_time(minutes=5)

    again = job.asks(duration="30m")

    assert again.status_code == 200
    assert again.json() == {**first, "state": "active"}
    assert len(world.grants()) == 1


def test_another_machine_gets_access_of_its_own(worlds: Worlds, jobs: Jobs) -> None:
    both = {"machines": ["github:repo:acme/shop:ref:refs/heads/*"], "max_duration": "30m"}
    world = worlds(jobs.policy(both))
    main, other = jobs.job(world), jobs.job(world, "github:repo:acme/shop:ref:refs/heads/next")
    main.asks()

    assert other.asks().json()["id"] == 2
    assert other.sees(1).status_code == other.ends(1).status_code == 404
    other.ends(2)

    assert TRUSTED in world.sources()


def test_p4_a_machine_without_a_written_policy_is_refused(world: World, jobs: Jobs) -> None:
    stranger = jobs.job(world, "github:repo:evil/shop:ref:refs/heads/main")

    refused = stranger.asks()

    assert refused.status_code == 403
    assert refused.headers["Content-Type"] == "application/problem+json"
    problem = refused.json()
    assert problem["type"] == "/v1/problems/no_machine_policy"
    assert problem["detail"] == (
        "No written policy gives github:repo:evil/shop:ref:refs/heads/main access to orders."
    )
    assert world.rows()["RequestRow"] == 0


def test_a_cluster_whose_policy_names_no_machine_looks_like_none(job: Job) -> None:
    for cluster in ("analytics", "nowhere"):
        refused = job.asks(cluster=cluster)

        assert refused.status_code == 403
        assert refused.json()["detail"] == f"No written policy gives {MAIN} access to {cluster}."


def test_p4_a_machine_is_never_among_everybody(worlds: Worlds, jobs: Jobs) -> None:
    everybody = {"requesters": ["*"], "sources": ["203.0.113.0/24"], "max_duration": "8h"}
    world = worlds(jobs.policy(everybody))

    assert jobs.job(world).asks().status_code == 403


def test_what_the_written_policy_or_the_cluster_does_not_take_is_refused(
    worlds: Worlds, jobs: Jobs
) -> None:
    rule = {"machines": [MAIN], "sources": ["203.0.113.0/24"], "max_duration": "30m"}
    world = worlds(jobs.policy(rule, require_reason=True))
    wrong: tuple[tuple[dict[str, str], str, str], ...] = (
        ({"duration": "31m"}, "#/duration", "31m is too long. The written policy for this machine"),
        ({"duration": "9h"}, "#/duration", "9h is too long. This cluster allows at most 8h."),
        ({"duration": "soon"}, "#/duration", "soon isn't a duration."),
        ({"source": "198.51.100.9"}, "#/source", "does not cover 198.51.100.9."),
        ({"source": "203.0.113.0/24"}, "#/source", "too wide: 256 addresses"),
        ({"source": "10.0.0.8"}, "#/source", "10.0.0.8 is a private address."),
        ({"source": "0.0.0.0/0"}, "#/source", "is the whole internet"),
        ({"source": "droplet:42"}, "#/source", "doesn't take droplet"),
        ({"source": "2001:db8::1"}, "#/source", "is an IPv6 address"),
        ({"reason": ""}, "#/reason", "This cluster requires a reason."),
    )
    for changed, pointer, detail in wrong:
        body: dict[str, Any] = {"reason": "release 41", **changed}
        refused = jobs.job(world).asks(**body)

        assert refused.status_code == 422
        [error] = refused.json()["errors"]
        assert error["pointer"] == pointer
        assert detail in error["detail"]
        assert "`" not in refused.text
    assert world.rows()["RequestRow"] == 0


def test_what_is_wrong_is_said_all_at_once(job: Job) -> None:
    refused = job.asks(source="everywhere", duration="soon")

    assert [error["pointer"] for error in refused.json()["errors"]] == ["#/source", "#/duration"]


@pytest.mark.both_databases
def test_p4_after_an_approver_ended_it_the_machine_does_not_take_it_again(
    world: World, job: Job
) -> None:
    job.asks()
    world.types(ALICE, "revoke 1")
    assert TRUSTED not in world.sources()
    assert "gets a message" not in world.whispered(ALICE)[-1]

    refused = job.asks()

    assert refused.status_code == 403
    assert refused.json()["type"] == "/v1/problems/access_revoked"
    assert "Ask again at " in refused.json()["detail"]
    world.pass_time(hours=8, seconds=1)
    assert job.asks().status_code == 202


def test_p4_only_approvers_end_a_machines_access(world: World, job: Job) -> None:
    job.asks()

    world.types(RITA, "revoke 1")

    assert "isn't yours" in world.whispered(RITA)[-1]
    assert TRUSTED in world.sources()


def test_nobody_extends_a_machines_access(world: World, job: Job) -> None:
    job.asks()

    world.types(ALICE, "extend 1 1h")

    assert "Access #1 is a machine's, so it can't be extended." in world.whispered(ALICE)[-1]


def test_what_a_machine_has_already_outlives_its_policy_and_nothing_new_follows(
    world: World, job: Job, jobs: Jobs
) -> None:
    job.asks()

    world.govern(jobs.policy({"machines": ["github:repo:acme/other:*"], "max_duration": "30m"}))

    assert job.sees().json()["state"] == "active"
    assert job.asks().status_code == 403
    world.pass_time(minutes=20, seconds=1)
    assert TRUSTED not in world.sources()


@pytest.mark.both_databases
def test_p4_what_was_not_written_yet_is_checked_again_by_the_policy_as_it_is(
    world: World, job: Job, jobs: Jobs
) -> None:
    world.digitalocean.stop()
    job.asks()
    world.digitalocean.start()

    world.govern(jobs.policy({"machines": ["github:repo:acme/other:*"], "max_duration": "30m"}))

    assert TRUSTED not in world.sources()
    over = job.sees().json()
    assert over["end_reason"] == "failed"
    assert over["why"] == "The written policy that approved it no longer covers it."


def test_the_channel_sees_one_line_which_is_kept_up_to_date(world: World, job: Job) -> None:
    job.asks(reason="release 41")

    [line] = world.slack.messages(APPROVALS)
    assert f"{NAME}: *access #1* to `orders` from {IP} for 20m · " in line.all_text
    assert "`nightly report`" in line.all_text
    assert "`release 41`" in line.all_text
    assert line.buttons == []

    job.ends()

    [line] = world.slack.messages(APPROVALS)
    assert f"{NAME}: *access #1* to `orders` from {IP} has ended, " in line.all_text
    assert len(line.all_versions) == 2


def test_nobody_hears_of_a_machine_but_the_channel(world: World, job: Job) -> None:
    before = {name: len(world.slack.dms(name)) for name in (RITA, ALICE)}

    job.asks()
    world.pass_time(minutes=15)
    world.pass_time(minutes=6)

    assert {name: len(world.slack.dms(name)) for name in (RITA, ALICE)} == before
    about_it = {call.method for call in world.slack.calls if "github" in str(call.args)}
    assert about_it == {"chat.postMessage", "chat.update"}
    assert "grant.warned" not in [action for action, _ in world.audited()]


def test_the_audit_says_which_machine_and_which_run(world: World, job: Job) -> None:
    job.asks(reason="release 41")
    job.ends()

    [asked] = world.audit_rows("request.made")
    assert asked.actor == MAIN
    assert asked.detail["job"]["workflow"] == "nightly report"
    assert asked.detail["job"]["actor"] == "octocat"
    assert [actor for action, actor in world.audited() if action == "grant.ending"] == [MAIN]


def test_approvers_see_machines_as_such_and_can_end_them(world: World, job: Job) -> None:
    job.asks()

    world.types(ALICE, "list all")

    shown = world.slack.ephemerals(ALICE)[-1]
    assert f"*Access #1* of {NAME}: `orders` from {IP}" in shown.all_text
    assert shown.buttons == ["End access"]
    world.presses(ALICE, shown, "End access")
    assert TRUSTED not in world.sources()
    assert world.grant().revoked_by == ALICE
    assert f"was ended by <@{ALICE}>" in world.card.all_text


def test_offboarding_does_not_look_for_machines_in_slack(world: World, job: Job) -> None:
    job.asks()

    world.worker.run_periodic_job("offboarding")
    world.settle()

    asked_about = {call.args.get("user") for call in world.slack.calls}
    assert MAIN not in asked_about
    assert world.grant().state is GrantState.ACTIVE


def test_a_machine_has_as_much_access_at_once_as_one_person(worlds: Worlds, jobs: Jobs) -> None:
    world = worlds(jobs.policy(max_live_grants=1))
    job = jobs.job(world)
    job.asks()

    refused = job.asks(source="203.0.113.5")

    assert refused.status_code == 409
    assert "You have 1 open on orders: the maximum." in refused.json()["detail"]


def test_p2_a_machine_does_not_close_an_open_cluster(world: World, job: Job) -> None:
    world.digitalocean.terraform_destroy(ORDERS)

    job.asks()

    assert TRUSTED not in world.sources()
    over = job.sees().json()
    assert over["state"] == "ended"
    assert "orders is open to everyone." in over["why"]
    assert job.asks().status_code == 409


def test_what_was_removed_outside_is_told_in_the_line(world: World, job: Job) -> None:
    job.asks()
    world.pass_time(minutes=2)

    world.digitalocean.terraform_apply(ORDERS, [("ip_addr", "198.51.100.7")])
    world.pass_time(minutes=6)

    assert world.grant().end_reason is EndReason.REMOVED_OUTSIDE
    assert "was removed outside dbaccess" in world.card.all_text
