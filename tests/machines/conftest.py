"""An issuer of machines' tokens, and what verifies them."""

import pytest

from bot.machines.tokens import TokenVerifier
from tests.machines.issuer import OidcIssuer, StoppedClock, policy_for


@pytest.fixture
def issuer() -> OidcIssuer:
    return OidcIssuer()


@pytest.fixture
def clock() -> StoppedClock:
    return StoppedClock()


@pytest.fixture
def verifier(issuer: OidcIssuer, clock: StoppedClock) -> TokenVerifier:
    policy = policy_for(issuer)
    return TokenVerifier(lambda: policy, clock, issuer.get)
