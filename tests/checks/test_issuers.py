"""What `dbaccess check` says of the issuers of machines' tokens."""

from collections.abc import Iterator
from typing import Any

import pytest

from bot.checks.findings import Finding, Level
from bot.checks.issuers import check_issuers
from bot.checks.machine_lint import lint_machines
from bot.config import parse_policy
from tests.checks.operator_folder import Operator
from tests.machines.issuer import AUDIENCE, OidcIssuer, serving
from tests.scenarios.world import ORDERS, policy

BY_ITS_PULL_REQUESTS = """
[[clusters.orders.auto_approve]]
machines = ["ci:repo:acme/shop:pull_request"]
max_duration = "30m"
"""
OK, HINT, FAULT = Level.OK, Level.HINT, Level.FAULT


@pytest.fixture
def issuer() -> Iterator[OidcIssuer]:
    with serving(OidcIssuer()) as one:
        yield one


def checked(issuer: OidcIssuer) -> list[Finding]:
    written = {"machines": ["ci:nightly"], "max_duration": "30m"}
    document = policy({"orders": {"id": ORDERS, "auto_approve": [written]}})
    machines = {
        "ci": {"issuer": issuer.url, "audience": AUDIENCE},
        "spare": {"issuer": f"{issuer.url}/x", "audience": AUDIENCE},
    }
    return list(check_issuers(parse_policy(document | {"machines": machines})))


def test_an_issuer_whose_keys_can_be_read_and_one_that_is_none(issuer: OidcIssuer) -> None:
    fine, wrong, unused = checked(issuer)
    assert fine == Finding(OK, "machines ci", f"1 key of {issuer.url}")
    assert (wrong.level, wrong.what) == (FAULT, "machines spare")
    assert "/x/.well-known/openid-configuration: answered 404" in wrong.words
    assert unused.level is HINT
    assert "no auto_approve names its machines" in unused.words


def test_an_issuer_that_answers_for_another(issuer: OidcIssuer) -> None:
    issuer.documents["/.well-known/openid-configuration"]["issuer"] = "https://other.example"
    assert "is about the issuer https://other.example" in checked(issuer)[0].words


@pytest.mark.parametrize(
    ("machines", "orders", "words"),
    [
        (["ci:repo:acme/shop:pull_request"], {}, "takes pull requests"),
        (["ci:repo:acme/*:*"], {}, "takes pull requests"),
        (["ci:repo:acme/shop:ref:refs/heads/*"], {}, ""),
        (["ci:repo:acme/shop:environment:*", "ci:nightly"], {}, ""),
        (["ci:nightly"], {"min_prefix": 24}, "any network of 256 addresses"),
    ],
)
def test_check_tells_what_a_policy_for_machines_lets_in_besides(
    machines: list[str], orders: dict[str, Any], words: str
) -> None:
    written = {"machines": machines, "max_duration": "30m"}
    document = policy({"orders": {"id": ORDERS, "auto_approve": [written], **orders}})
    ci = {"issuer": "https://ci.example", "audience": AUDIENCE}
    found = list(lint_machines(parse_policy(document | {"machines": {"ci": ci}}).cluster("orders")))

    assert [one.level for one in found] == [HINT] * bool(words)
    assert all(words in one.words for one in found)


def test_check_tells_of_issuers(operator: Operator, issuer: OidcIssuer) -> None:
    table = f'\n[machines.ci]\nissuer = "{issuer.url}"\naudience = "dbaccess"\n'
    operator.write(more=table + BY_ITS_PULL_REQUESTS)
    operator.tells(OK, "machines ci", "1 key of")
    operator.tells(HINT, "policy of orders", "takes pull requests")
    operator.tells(HINT, "machines", "set DBACCESS_TRUSTED_PROXIES to how many there are")
    operator.env["DBACCESS_TRUSTED_PROXIES"] = "1"
    assert not any("TRUSTED_PROXIES" in one.words for one in operator.findings())
    issuer.is_away = True
    operator.tells(FAULT, "machines ci", "answered 503")
