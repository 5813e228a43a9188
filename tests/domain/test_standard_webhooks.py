"""Signatures as standardwebhooks.com has them."""

from datetime import UTC, datetime

import pytest

from bot.domain.standard_webhooks import key_of, signed

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
OTHER = "whsec_" + "QUFB" * 8
AT = datetime.fromtimestamp(1614265330.75, UTC)
IDENTITY = "msg_p5jXN8AQM9LWM0D4loKWxJek"
BODY = b'{"test": 2432232314}'


def test_the_signature_is_the_one_that_the_reference_implementation_makes() -> None:
    """`standardwebhooks` 1.1.0 for Python printed it."""
    assert signed([key_of(SECRET)], IDENTITY, BODY, at=AT) == {
        "webhook-id": IDENTITY,
        "webhook-timestamp": "1614265330",
        "webhook-signature": "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
    }


def test_two_secrets_make_two_signatures_with_a_space_between() -> None:
    both = signed([key_of(OTHER), key_of(SECRET)], IDENTITY, BODY, at=AT)["webhook-signature"]
    first, second = both.split(" ")
    assert first.startswith("v1,")
    assert second == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


@pytest.mark.parametrize(
    "secret",
    [
        "",
        "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
        "whsec_",
        "whsec_c2hvcnQ=",
        "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLa",
        "whsec_MfKQ9r8G*KYqrTwjUPD8ILPZIo2LaLaSw",
        "whsec_" + "QUFB" * 22,
        "whsk_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
    ],
)
def test_what_is_no_such_secret_is_refused_and_not_repeated(secret: str) -> None:
    with pytest.raises(ValueError, match=r"^is whsec_ and the Base64 of 24 to 64 bytes$"):
        key_of(secret)
