import hashlib
import hmac
import re
import time
from collections.abc import Callable, Mapping

import pytest
from structlog.testing import capture_logs

from bot.slack.inbound.signature_verifier import Outcome, RequestVerifier

SECRET = "8f742231b10e8888abcd99yyyzzz85a5"
BODY = b"command=%2Fdbaccess&text=help"


def signed(body: bytes = BODY, *, age_seconds: int = 0, secret: str = SECRET) -> dict[str, str]:
    """Return the headers with which Slack would send *body*."""
    stamp = str(int(time.time()) - age_seconds)
    digest = hmac.new(secret.encode(), f"v0:{stamp}:".encode() + body, hashlib.sha256).hexdigest()
    return {"X-Slack-Request-Timestamp": stamp, "X-Slack-Signature": f"v0={digest}"}


def admits(headers: Mapping[str, str], body: bytes = BODY) -> bool:
    return RequestVerifier([SECRET]).admits(body, headers)


def test_what_slack_signed_just_now_is_admitted() -> None:
    assert admits(signed())


def test_an_empty_body_may_be_signed_too() -> None:
    assert admits(signed(b""), b"")


@pytest.mark.parametrize("age_seconds", [290, -290])
def test_a_clock_that_is_nearly_five_minutes_off_is_forgiven(age_seconds: int) -> None:
    assert admits(signed(age_seconds=age_seconds))


@pytest.mark.parametrize("age_seconds", [310, -310, 86_400])
def test_what_is_older_or_younger_than_five_minutes_is_refused(age_seconds: int) -> None:
    assert not admits(signed(age_seconds=age_seconds))


def test_another_secret_opens_nothing() -> None:
    assert not admits(signed(secret="another"))


def test_each_byte_of_the_body_counts() -> None:
    assert not admits(signed(), BODY + b" ")
    assert not admits(signed(), BODY.replace(b"help", b"list"))


def test_the_timestamp_is_signed_too() -> None:
    older = signed(age_seconds=400)

    assert not admits({**older, "X-Slack-Request-Timestamp": str(int(time.time()))})


@pytest.mark.parametrize("header", ["X-Slack-Request-Timestamp", "X-Slack-Signature"])
def test_a_missing_or_empty_header_is_refused(header: str) -> None:
    assert not admits({name: value for name, value in signed().items() if name != header})
    assert not admits({**signed(), header: ""})


@pytest.mark.parametrize(
    "timestamp",
    [
        "now",
        "-1",
        "1e9",
        "17640000.5",
        " 1764000000",
        "0x1",
        "\u0661\u0662",
        "\u00b2",
        "0",
        "9" * 30,
    ],
)
def test_a_timestamp_that_is_none_is_refused(timestamp: str) -> None:
    assert not admits({**signed(), "X-Slack-Request-Timestamp": timestamp})


@pytest.mark.parametrize(
    "signature", ["v0=", "v0=" + "0" * 64, "0" * 64, "v1=" + "0" * 64, "v0=\u00fc", "\u2603"]
)
def test_a_signature_that_is_none_is_refused(signature: str) -> None:
    assert not admits({**signed(), "X-Slack-Signature": signature})


def test_a_signature_of_another_version_is_refused() -> None:
    headers = signed()
    digest = headers["X-Slack-Signature"].removeprefix("v0=")

    assert not admits({**headers, "X-Slack-Signature": f"v1={digest}"})


@pytest.mark.parametrize(
    ("sign", "outcome", "cause"),
    [
        (lambda: signed(age_seconds=600), Outcome.STALE_TIMESTAMP, r"clock is 60\d s ahead"),
        (lambda: signed(age_seconds=-600), Outcome.STALE_TIMESTAMP, r"clock is \d{3} s behind"),
        (lambda: signed(secret="another"), Outcome.BAD_SIGNATURE, "SLACK_SIGNING_SECRET"),
        (dict, Outcome.MISSING_HEADERS, "did not come from Slack"),
    ],
)
def test_p8_what_is_refused_is_counted_and_logged_with_its_likely_cause(
    sign: Callable[[], dict[str, str]], outcome: Outcome, cause: str
) -> None:
    counted: list[str] = []
    verifier = RequestVerifier([SECRET], on_outcome=counted.append)

    with capture_logs() as entries:
        verifier.admits(BODY, sign())

    assert counted == [outcome]
    [entry] = entries
    assert entry["event"] == "request not signed by Slack"
    assert entry["reason"] == outcome
    assert entry["refused"] == {outcome: 1}
    assert re.search(cause, entry["likely_cause"])
    assert SECRET not in str(entry)


def test_p8_a_flood_of_unsigned_requests_is_logged_once_a_minute_with_its_count() -> None:
    now = [0.0]
    verifier = RequestVerifier([SECRET], elapsed=lambda: now[0])

    with capture_logs() as entries:
        for now[0] in (0.0, 1.0, 59.0):
            verifier.admits(BODY, {})
        now[0] = 61.0
        verifier.admits(BODY, signed(secret="another"))

    assert [entry["refused"] for entry in entries] == [
        {"missing_headers": 1},
        {"missing_headers": 2, "bad_signature": 1},
    ]


def test_what_is_admitted_is_counted_and_not_logged() -> None:
    counted: list[str] = []

    with capture_logs() as entries:
        RequestVerifier([SECRET], on_outcome=counted.append).admits(BODY, signed())

    assert counted == [Outcome.VERIFIED]
    assert entries == []


NEW = "85a5yyyzzz99abcd8888b10e8f742231"


@pytest.mark.parametrize(
    ("secret", "outcome"),
    [
        (NEW, Outcome.VERIFIED),
        (SECRET, Outcome.VERIFIED_BY_OLD_SECRET),
        ("another", Outcome.BAD_SIGNATURE),
    ],
)
def test_p8_while_it_is_rotated_both_secrets_are_taken_and_no_other(
    secret: str, outcome: Outcome
) -> None:
    verifier = RequestVerifier([NEW, SECRET])

    assert verifier.verify(BODY, signed(secret=secret)).outcome is outcome
    assert verifier.admits(BODY, signed(secret=secret)) is (outcome is not Outcome.BAD_SIGNATURE)


def test_p8_the_old_secret_makes_no_old_request_valid() -> None:
    verifier = RequestVerifier([NEW, SECRET])

    old = verifier.verify(BODY, signed(secret=SECRET, age_seconds=400))

    assert old.outcome is Outcome.STALE_TIMESTAMP


def test_p8_each_secret_is_compared_whichever_fits(monkeypatch: pytest.MonkeyPatch) -> None:
    """Else the time that it takes would say which one a forger has come close to."""
    compared: list[bool] = []

    def compare(one: bytes, other: bytes) -> bool:
        compared.append(one == other)
        return compared[-1]

    monkeypatch.setattr("bot.slack.inbound.signature_verifier.hmac.compare_digest", compare)
    verifier = RequestVerifier([NEW, SECRET])
    for secret in (NEW, SECRET, "another"):
        verifier.verify(BODY, signed(secret=secret))

    assert compared == [True, False, False, True, False, False]


def test_that_the_old_secret_is_still_used_is_counted_and_logged_once_a_minute() -> None:
    now, counted = [0.0], list[str]()
    verifier = RequestVerifier([NEW, SECRET], on_outcome=counted.append, elapsed=lambda: now[0])

    with capture_logs() as entries:
        for now[0] in (0.0, 1.0, 59.0, 61.0):
            verifier.admits(BODY, signed())
        verifier.admits(BODY, signed(secret=NEW))

    assert counted == ["verified_by_old_secret"] * 4 + ["verified"]
    assert [(one["event"], one["log_level"]) for one in entries] == [
        ("request signed with the old secret", "info")
    ] * 2
