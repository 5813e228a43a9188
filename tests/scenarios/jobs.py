"""Jobs of a CI: machines that ask by HTTP, with tokens of an issuer of our own."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import requests

from tests.machines.issuer import OidcIssuer, serving
from tests.scenarios.world import ANALYTICS, IP, ORDERS, World, policy

MAIN = "github:repo:acme/shop:ref:refs/heads/main"
RULE = {"machines": [MAIN], "max_duration": "30m"}


class Jobs:
    """An issuer that is served on loopback, and the policy that knows it."""

    def __init__(self, issuer: OidcIssuer) -> None:
        self.issuer = issuer

    def policy(self, *rules: dict[str, Any], **orders: Any) -> dict[str, Any]:
        """Return a policy by which machines may ask for `orders`, and nobody's for `analytics`."""
        clusters = {
            "orders": {"id": ORDERS, "auto_approve": list(rules or (RULE,)), **orders},
            "analytics": {"id": ANALYTICS},
        }
        github = {"issuer": self.issuer.url, "audience": "dbaccess"}
        return {**policy(clusters), "machines": {"github": github}}

    def job(self, world: World, principal: str = MAIN) -> "Job":
        """Return a run of a machine."""
        return Job(world, self.issuer, principal)


@contextmanager
def jobs_of_an_issuer() -> Iterator[Jobs]:
    """Serve an issuer."""
    with serving(OidcIssuer()) as issuer:
        yield Jobs(issuer)


class Job:
    """One run of a machine: its token, and what it calls."""

    def __init__(self, world: World, issuer: OidcIssuer, principal: str) -> None:
        self.world = world
        self.principal = principal
        self._issuer = issuer

    @property
    def token(self) -> str:
        """A token that its CI has just made."""
        self._issuer.now = int(self.world.clock.now().timestamp())
        return self._issuer.token(sub=self.principal.partition(":")[2])

    def calls(
        self, method: str, path: str = "/v1/requests", *, token: str | None = None, **more: Any
    ) -> requests.Response:
        """Call the API, as curl would, and let the worker do what follows."""
        headers = {"Authorization": f"Bearer {token or self.token}"} | more.pop("headers", {})
        url = f"{self.world.service.url}{path}"
        answer = requests.request(method, url, headers=headers, timeout=30, **more)
        self.world.settle()
        return answer

    def asks(
        self,
        source: str = IP,
        duration: str = "20m",
        cluster: str = "orders",
        *,
        headers: dict[str, str] | None = None,
        **more: Any,
    ) -> requests.Response:
        """Ask for access."""
        body = {"cluster": cluster, "source": source, "duration": duration, **more}
        return self.calls("POST", json=body, headers=headers or {})

    def sees(self, number: int = 1) -> requests.Response:
        """Look how access stands."""
        return self.calls("GET", f"/v1/requests/{number}")

    def ends(self, number: int = 1) -> requests.Response:
        """Hand access back."""
        return self.calls("DELETE", f"/v1/requests/{number}")
