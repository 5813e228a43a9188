"""The forms that ask for access look as agreed, and Slack would take them."""

from collections.abc import Callable
from typing import Any

import pytest
from syrupy.assertion import SnapshotAssertion

from bot.domain.extensions import ExtensionTerms
from bot.domain.sources import SourceType, TrustedSource
from bot.providers.base import NamedSource, NotAuthorised, Unavailable
from bot.slack.messages import (
    Filled,
    Part,
    approve_form,
    emergency_form,
    extension_form,
    not_listed,
    not_yet_known,
    picks,
    request_form,
)
from dbaccess_playground.slack.block_kit.checker import problems, suggestion_problems
from dbaccess_playground.slack.controls import controls
from tests.slack.messages.examples import HOUR, adopted, grant, policy, request
from tests.slack.messages.reading import view_as_read

ORDERS = policy(emergency={"requesters": ["S0ONCALL"], "max_duration": "30m"})
ANALYTICS = policy(
    source_types=["ip_addr", "droplet", "k8s", "tag", "app"],
    min_prefix=28,
    require_reason=True,
    max_duration="1w",
    emergency={"requesters": ["S0ONCALL"], "max_duration": "2h"},
)
CLUSTERS = {"orders": ORDERS, "analytics": ANALYTICS}
WORKER = TrustedSource(SourceType.DROPLET, "163973392")
FORMS = {
    "a request, nothing known": request_form(CLUSTERS, Filled(), private_metadata="{}"),
    "a request from an address": request_form(
        CLUSTERS,
        Filled("orders", address="203.0.113.4", duration="2h", reason="fixing the nightly job"),
        private_metadata="{}",
    ),
    "a request, with what fills in an address": request_form(
        CLUSTERS, Filled("orders", last="203.0.113.4", can_read=True), private_metadata="{}"
    ),
    "a request, with the page that reads an address": request_form(
        CLUSTERS, Filled("orders", link="https://a.example/ip/x.y"), private_metadata="{}"
    ),
    "a request from a droplet": request_form(
        CLUSTERS,
        Filled("analytics", SourceType.DROPLET, picked=WORKER, picked_name="web-1", duration="95m"),
        private_metadata="{}",
    ),
    "a request from a tag to be chosen": request_form(
        CLUSTERS, Filled("analytics", SourceType.TAG, length="1d"), private_metadata="{}"
    ),
    "an extension": extension_form(
        ExtensionTerms(grant(), HOUR / 4, 6 * HOUR, HOUR, needs_reason=False),
        Filled(),
        private_metadata="{}",
    ),
    "an extension that needs a reason": extension_form(
        ExtensionTerms(adopted(), 24 * HOUR, 4000 * HOUR, 24 * HOUR, needs_reason=True),
        Filled(reason="the office moves later"),
        private_metadata="{}",
    ),
    "an emergency": emergency_form(
        CLUSTERS,
        Filled("orders", address="203.0.113.4", reason="all is lost"),
        private_metadata="{}",
    ),
    "an approval with a message": approve_form(
        17, request(), as_asked="as-asked", private_metadata="{}"
    ),
    "an approval of what one may not see": approve_form(
        17, None, as_asked="as-asked", private_metadata="{}"
    ),
}

each_form = pytest.mark.parametrize("form", FORMS.values(), ids=FORMS.keys())


@each_form
def test_a_form_looks_as_agreed(form: dict[str, Any], snapshot: SnapshotAssertion) -> None:
    assert view_as_read(form) == snapshot


@each_form
def test_slack_takes_a_form(form: dict[str, Any]) -> None:
    assert problems(form, "modal") == []


@each_form
def test_a_choice_that_changes_the_form_reaches_the_bot_at_once(form: dict[str, Any]) -> None:
    there = controls(form["blocks"])
    there = [one for one in there if one.kind != "button"]
    at_once = {one.action_id for one in there if one.block.get("dispatch_action")}

    assert at_once == {one.action_id for one in there} & {Part.CLUSTER, Part.KIND}


def test_a_picker_offers_something_before_anything_is_typed() -> None:
    form = FORMS["a request from a tag to be chosen"]

    [picker] = [one for one in controls(form["blocks"]) if one.kind == "external_select"]
    assert picker.element["min_query_length"] == 0  # Slack itself would wait for three letters


def test_a_name_between_colons_is_no_emoji() -> None:
    [option] = picks(SourceType.TAG, [NamedSource("7", ":fire:")])

    assert option["text"]["emoji"] is False


def test_a_menu_of_clusters_holds_what_slack_allows_and_the_one_that_is_meant() -> None:
    many = {f"cluster-{number}": ORDERS for number in range(150)}

    form = request_form(many, Filled("cluster-149"), private_metadata="{}")

    assert problems(form, "modal") == []
    assert form["blocks"][0]["element"]["initial_option"]["value"] == "cluster-149"


@pytest.mark.parametrize("kind", [kind for kind in SourceType if kind is not SourceType.IP_ADDR])
def test_slack_takes_what_a_picker_offers(kind: SourceType) -> None:
    things = [NamedSource(f"{number}" * 70, f"{kind}-{number}" * 20) for number in range(1, 200)]
    for options in (
        picks(kind, things),
        picks(kind, []),
        not_listed(kind, Unavailable("no answer")),
        not_listed(kind, NotAuthorised("the token may not")),
        not_yet_known(),
    ):
        assert suggestion_problems({"options": options}) == []


@pytest.mark.parametrize("kind", [kind for kind in SourceType if kind is not SourceType.IP_ADDR])
def test_the_notice_in_a_picker_is_not_cut(kind: SourceType) -> None:
    for why in (Unavailable("no answer"), NotAuthorised("the token may not")):
        (notice,) = not_listed(kind, why)
        assert notice["text"]["text"].endswith("as a command")


@pytest.mark.parametrize("form", [request_form, emergency_form])
def test_slack_takes_whatever_a_command_fills_in(form: Callable[..., dict[str, Any]]) -> None:
    typed = Filled("orders", address="1" * 2_000, duration="2" * 2_000, reason="3" * 2_000)

    view = form(CLUSTERS, typed, private_metadata="{}")

    assert problems(view, "modal") == []
    hints = [block["hint"]["text"] for block in view["blocks"] if "hint" in block]
    assert sum("of 2,000 characters" in hint for hint in hints) == 3


def test_slack_takes_a_source_with_the_longest_name() -> None:
    tag = TrustedSource(SourceType.TAG, "t" * 255)

    view = request_form(
        CLUSTERS, Filled("analytics", SourceType.TAG, picked=tag), private_metadata="{}"
    )

    assert problems(view, "modal") == []
    assert "too long" in str(view)
