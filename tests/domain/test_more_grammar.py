"""emergency, adopt, connect, history, myip: what is typed beside asking for access."""

from datetime import timedelta
from typing import Any

import pytest

from bot.domain.commands import Adopt, BreakGlass
from bot.domain.filled_forms import FilledForm, read_emergency_form
from bot.domain.policy import Policy
from bot.domain.queries import OpenEmergencyForm, ShowConnect, ShowHistory, ShowMyIp
from bot.domain.refusal import Field, Refused
from bot.domain.sources import SourceType, TrustedSource
from tests.domain.test_grammar import HERE, IP, ONE, TWO, read, refusal

WEEK = timedelta(weeks=1)


def emergency_policy(**rule: str) -> Policy:
    clusters = {
        "orders": {
            "id": "00000000-0000-4000-8000-000000000000",
            "channel": "C0ORDERS",
            "approvers": ["U0ALICE"],
            "emergency": {"requesters": ["*"], "max_duration": "30m", **rule},
        }
    }
    return Policy.model_validate({"instance": "p", "operators": "C0OPS", "clusters": clusters})


def test_an_emergency_alone_opens_an_empty_form() -> None:
    assert read("emergency") == OpenEmergencyForm()


def test_an_emergency_opens_the_form_filled_in_as_far_as_was_typed() -> None:
    assert read(f"emergency {IP} 30m orders all locked") == OpenEmergencyForm(
        source=IP, duration="30m", reason="all locked", cluster="orders"
    )
    assert read(f"emergency {IP}", TWO) == OpenEmergencyForm(source=IP)


def test_an_emergency_from_nowhere_is_refused_before_its_form_opens() -> None:
    assert "isn't an IP address" in refusal("emergency everywhere 30m")


def test_the_form_of_an_emergency_is_read_and_an_empty_time_is_the_usual_one() -> None:
    typed: dict[str, Any] = {"cluster": "orders", "source": IP, "reason": "all locked"}
    half_an_hour = timedelta(minutes=30)

    command = read_emergency_form(emergency_policy(), FilledForm(duration="", **typed))
    assert command == BreakGlass(
        cluster="orders", source=HERE, duration=half_an_hour, reason="all locked"
    )
    assert read_emergency_form(ONE, FilledForm(duration="45m", **typed)).duration == timedelta(
        minutes=45
    )


@pytest.mark.parametrize(
    ("field", "value"),
    [(Field.CLUSTER, "nope"), (Field.SOURCE, "everywhere"), (Field.DURATION, "a while")],
)
def test_the_form_of_an_emergency_says_which_field_makes_no_sense(field: Field, value: str) -> None:
    typed: dict[str, Any] = {"cluster": "orders", "source": IP, "duration": "", "reason": "x"}
    with pytest.raises(Refused) as caught:
        read_emergency_form(emergency_policy(), FilledForm(**{**typed, field: value}))
    assert caught.value.field is field


def test_adopting_names_cluster_source_and_time() -> None:
    assert read(f"adopt Orders {IP} 1w") == Adopt(cluster="orders", source=HERE, duration=WEEK)
    backend = TrustedSource(SourceType.TAG, "backend")
    assert read("adopt orders tag:backend 1w") == Adopt(
        cluster="orders", source=backend, duration=WEEK
    )


def test_adopting_may_say_why() -> None:
    assert read(f"adopt orders {IP} 1w the office has moved") == Adopt(
        cluster="orders", source=HERE, duration=WEEK, reason="the office has moved"
    )


@pytest.mark.parametrize("text", ["adopt", "adopt orders", f"adopt {IP} 1w"])
def test_adopting_without_all_three_says_how_it_is_written(text: str) -> None:
    assert "/dbaccess adopt orders 203.0.113.4 1w" in refusal(text)


def test_adopting_on_an_unknown_cluster_offers_the_nearest() -> None:
    assert "Did you mean `orders`?" in refusal(f"adopt order {IP} 1w")


@pytest.mark.parametrize("text", ["connect orders", "connect Orders", "connect"])
def test_connect_shows_one_cluster_the_only_one_without_a_name(text: str) -> None:
    assert read(text) == ShowConnect("orders")


def test_connect_asks_which_cluster_where_there_are_several() -> None:
    assert "/dbaccess connect" in refusal("connect", TWO)
    assert read("connect", TWO, channel="C0ANALYTICS") == ShowConnect("analytics")


def test_history_is_of_one_cluster_or_of_all() -> None:
    assert read("history", TWO) == ShowHistory(None)
    assert read("history ORDERS", TWO) == ShowHistory("orders")
    assert "no cluster `nope`" in refusal("history nope", TWO)


def test_myip_is_typed_alone() -> None:
    assert read("myip") == ShowMyIp()
