from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain.commands import Cancel, Extend, RequestAccess, Revoke
from bot.domain.filled_forms import FilledForm, read_form
from bot.domain.grammar import parse_command
from bot.domain.policy import Policy
from bot.domain.queries import (
    OpenExtensionForm,
    OpenForm,
    ShowClusters,
    ShowHelp,
    ShowList,
    ShowSources,
)
from bot.domain.refusal import Field, Refused
from bot.domain.sources import SourceType, TrustedSource
from bot.slack.messages.refusals import sentence

IP = "203.0.113.4"
HERE = TrustedSource(SourceType.IP_ADDR, IP)
TWO_HOURS = timedelta(hours=2)
GENERAL = "C0GENERAL"


def policy_of(*clusters: tuple[str, str], **more: str) -> Policy:
    """Return a policy with these clusters: (alias, channel) each."""
    return Policy.model_validate(
        {
            "instance": "prod",
            "operators": "C0OPS",
            "clusters": {
                alias: {
                    "id": f"00000000-0000-4000-8000-{number:012}",
                    "channel": channel,
                    "approvers": ["U0ALICE"],
                    **more,
                }
                for number, (alias, channel) in enumerate(clusters)
            },
        }
    )


ONE = policy_of(("orders", "C0ORDERS"))
TWO = policy_of(("orders", "C0ORDERS"), ("analytics", "C0ANALYTICS"))


def read(text: str, policy: Policy = ONE, channel: str = GENERAL) -> object:
    return parse_command(text, policy, channel=channel)


def refusal(text: str, policy: Policy = ONE, channel: str = GENERAL) -> str:
    """Return the sentence with which *text* is refused."""
    with pytest.raises(Refused) as caught:
        read(text, policy, channel)
    return sentence(caught.value.refusal)


def ask_for(
    cluster: str = "orders", duration: timedelta = TWO_HOURS, reason: str = ""
) -> RequestAccess:
    return RequestAccess(cluster=cluster, source=HERE, duration=duration, reason=reason)


@pytest.mark.parametrize("text", ["help", "HELP", "  help  ", "help me"])
def test_help_is_shown_to_whoever_asks_for_it(text: str) -> None:
    assert read(text) == ShowHelp()


def test_a_request_names_source_duration_cluster_and_reason() -> None:
    assert read(f"request {IP} 2h orders invoice 88") == ask_for(reason="invoice 88")


def test_case_and_spaces_do_not_matter_but_in_the_reason() -> None:
    text = f"  ReQuest   {IP}  2H   Orders   Invoice   No. 88 "

    assert read(text) == ask_for(reason="Invoice No. 88")


@pytest.mark.parametrize(
    ("text", "asked"),
    [
        (f"request {IP}", ask_for(duration=timedelta(hours=1))),
        (f"request {IP} orders", ask_for(duration=timedelta(hours=1))),
        (f"request {IP} orders late", ask_for(duration=timedelta(hours=1), reason="late")),
        (f"request {IP} 2h", ask_for()),
        (f"request {IP} 2h to look around", ask_for(reason="to look around")),
    ],
)
def test_what_a_request_does_not_name_is_filled_in(text: str, asked: RequestAccess) -> None:
    assert read(text) == asked


def test_the_usual_duration_is_that_of_the_cluster() -> None:
    short = policy_of(("orders", "C0ORDERS"), default_duration="20m")

    assert read(f"request {IP}", short) == ask_for(duration=timedelta(minutes=20))


@pytest.mark.parametrize("channel", ["C0ORDERS", "C0ANALYTICS"])
def test_the_channel_says_which_cluster_is_meant(channel: str) -> None:
    alias = {"C0ORDERS": "orders", "C0ANALYTICS": "analytics"}[channel]

    assert read(f"request {IP} 2h", TWO, channel) == ask_for(alias)
    assert read("sources", TWO, channel) == ShowSources(alias)


def test_a_cluster_that_is_named_counts_more_than_the_channel() -> None:
    assert read(f"request {IP} 2h analytics", TWO, "C0ORDERS") == ask_for("analytics")


def test_the_form_opens_filled_in_where_several_clusters_could_be_meant() -> None:
    form = OpenForm(source=IP, duration="2h", reason="to look around", is_unclear=True)
    assert read(f"request {IP} 2h to look around", TWO) == form
    assert read(f"request {IP}", TWO) == OpenForm(source=IP, is_unclear=True)


@pytest.mark.parametrize("rest", ["ordres", "oders please", "Analytic", "nothinglikeit"])
def test_a_word_that_was_meant_as_a_cluster_is_never_taken_for_a_reason(rest: str) -> None:
    """Or the wrong cluster would be opened."""
    assert refusal(f"request {IP} 2h {rest}", TWO, "C0ORDERS").startswith("There is no cluster")


@pytest.mark.parametrize("text", ["", "  ", "request", "REQUEST "])
def test_nothing_and_a_request_with_nothing_open_the_form(text: str) -> None:
    assert read(text) == OpenForm()


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"cluster": "ordres"}, Field.CLUSTER),
        ({"source": "nonsense"}, Field.SOURCE),
        ({"duration": "2x"}, Field.DURATION),
    ],
)
def test_a_form_says_which_field_makes_no_sense(wrong: dict[str, str], field: Field) -> None:
    typed: dict[str, Any] = {
        "cluster": "orders",
        "source": IP,
        "duration": "2h",
        "reason": "",
        **wrong,
    }
    with pytest.raises(Refused) as caught:
        read_form(TWO, FilledForm(**typed))
    assert caught.value.field is field


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("request nonsense 2h", "`nonsense` isn't an IP address"),
        (f"request {IP} later", "`later` isn't a duration"),
        (f"request {IP} 0m", "A duration of zero"),
    ],
)
def test_a_request_that_makes_no_sense_is_refused_with_the_reason(text: str, sentence: str) -> None:
    assert refusal(text).startswith(sentence)


@pytest.mark.parametrize("number", ["17", "#17"])
def test_grants_and_requests_are_named_by_number(number: str) -> None:
    assert read(f"extend {number} 2h") == Extend(grant_id=17, duration=TWO_HOURS)
    assert read(f"revoke {number}") == Revoke(grant_id=17)
    assert read(f"cancel {number}") == Cancel(request_id=17)


@pytest.mark.parametrize(
    "number", ["0", "-1", "#", "##1", "1.0", "007", "1" * 10, "\u0661", "x", "1;2"]
)
@pytest.mark.parametrize("command", ["extend {} 1h", "revoke {}", "cancel {}"])
def test_what_is_no_number_is_refused(command: str, number: str) -> None:
    sentence = refusal(command.format(number))

    assert f"`{number}` isn't a number like `17`" in sentence
    assert "`/dbaccess list`" in sentence


def test_an_extension_names_the_grant_and_how_much_longer() -> None:
    assert refusal("extend") == "Add the number and how much longer: `/dbaccess extend 17 1h`."


def test_an_extension_by_what_is_no_duration_is_refused() -> None:
    assert refusal("extend 17 -2h").startswith("`-2h` isn't a duration")


@pytest.mark.parametrize(
    ("text", "form"),
    [
        ("extend 17", OpenExtensionForm(17)),
        ("extend 17 half an hour", OpenExtensionForm(17, duration="half an hour")),
        ("extend 17 2hh", OpenExtensionForm(17, duration="2hh")),
        ("extend 17 later", OpenExtensionForm(17, "later")),
    ],
)
def test_an_extension_without_a_duration_opens_the_form(text: str, form: OpenExtensionForm) -> None:
    assert read(text) == form


def test_an_extension_may_say_why() -> None:
    assert read("extend 17 2h not done yet") == Extend(
        grant_id=17, duration=TWO_HOURS, reason="not done yet"
    )


@pytest.mark.parametrize(
    ("command", "sentence"),
    [
        ("revoke", "Add the access number: `/dbaccess revoke 17`."),
        ("revoke 1 2", "Add the access number: `/dbaccess revoke 17`."),
        ("cancel", "Add the request number: `/dbaccess cancel 17`."),
        ("cancel 1 2", "Add the request number: `/dbaccess cancel 17`."),
    ],
)
def test_one_thing_is_ended_at_a_time(command: str, sentence: str) -> None:
    assert refusal(command).startswith(sentence)


def test_a_list_is_mine_or_everybodys() -> None:
    assert read("list") == ShowList()
    assert read("list ALL") == ShowList(everybody=True)


@pytest.mark.parametrize("text", ["list mine", "list all all"])
def test_there_are_no_other_lists(text: str) -> None:
    assert refusal(text).startswith("Use `/dbaccess list` for yours")


def test_clusters_are_listed() -> None:
    assert read("clusters") == ShowClusters()


def test_the_sources_of_a_cluster_are_shown() -> None:
    assert read("sources Orders", TWO) == ShowSources("orders")
    assert read("sources") == ShowSources("orders")


def test_the_sources_of_an_unknown_cluster_are_not() -> None:
    assert refusal("sources ordres", TWO).endswith("Did you mean `orders`?")
    assert refusal("sources", TWO) == (
        "Which cluster? Try `/dbaccess sources orders`. You have `orders` and `analytics`."
    )


@pytest.mark.parametrize(
    ("typed", "meant"),
    [("reqest", "request"), ("revok", "revoke"), ("lst", "list"), ("cluster", "clusters")],
)
def test_the_nearest_command_is_offered(typed: str, meant: str) -> None:
    assert refusal(typed).endswith(f"Did you mean `/dbaccess {meant}`?")


def test_access_is_ended_by_the_word_on_the_button_too() -> None:
    assert read("end 17") == read("revoke 17")


def test_who_begins_with_the_cluster_means_a_request() -> None:
    assert "`/dbaccess request`" in refusal(f"orders {IP} 2h")


def test_help_is_offered_where_nothing_is_near() -> None:
    assert refusal("abracadabra 1") == ("`abracadabra` isn't a command. Try `/dbaccess help`.")


def refusals(text: str) -> list[str]:
    """Return the sentence with which *text* is refused, if it is."""
    try:
        read(text, TWO)
    except Refused as refused:
        return [sentence(refused.refusal)]
    return []


@given(st.text())
def test_whatever_is_typed_is_understood_or_refused_with_a_sentence(text: str) -> None:
    for said in refusals(text):
        assert said
        assert "\n" not in said


@given(st.sampled_from(["request", f"request {IP}", f"request {IP} 2h", "extend 1"]), st.text())
def test_whatever_follows_a_command_is_understood_or_refused(start: str, rest: str) -> None:
    for said in refusals(f"{start} {rest}"):
        assert said.count("`") % 2 == 0


def test_a_duration_behind_the_cluster_is_meant_as_one() -> None:
    assert read(f"request {IP} orders 2h invoice 88") == RequestAccess(
        cluster="orders", source=HERE, duration=TWO_HOURS, reason="invoice 88"
    )
    first = read(f"request {IP} orders 2nd try")
    assert isinstance(first, RequestAccess)
    assert first.reason == "2nd try"


def test_a_form_without_a_duration_means_the_usual_one() -> None:
    command = read_form(TWO, FilledForm("orders", IP, duration=" ", reason="why"))
    assert command.duration == timedelta(hours=1)
    assert command.reason == "why"
