"""The same calls by DigitalOcean's own client, pydo: what we send is what it sends."""

import json
from collections.abc import Callable, Iterator
from contextlib import suppress
from operator import attrgetter
from typing import Any

import pydo
import pytest
from azure.core.exceptions import AzureError
from werkzeug.wrappers import Request, Response

from bot.domain.rules import Rule
from bot.domain.sources import SourceType
from bot.providers.base import ApiError
from bot.providers.digitalocean import DigitalOcean
from dbaccess_playground.server import LoopbackServer

TOKEN = "dop_v1_0123456789abcdef"
CLUSTER = "9cc10173-e9ea-4176-9dbc-a4cee4c4ff30"
PAGE = {"page": 1, "per_page": 200}
RULES: dict[str, Any] = {"rules": [{"type": "tag", "value": "web"}]}
SAME = {
    "read_rules": (
        lambda ours: ours.read_rules(CLUSTER),
        "databases.list_firewall_rules",
        {"database_cluster_uuid": CLUSTER},
    ),
    "write_rules": (
        lambda ours: ours.write_rules(CLUSTER, [Rule("tag", "web")]),
        "databases.update_firewall_rules",
        {"database_cluster_uuid": CLUSTER, "body": RULES},
    ),
    "cluster_status": (
        lambda ours: ours.cluster_status(CLUSTER),
        "databases.get_cluster",
        {"database_cluster_uuid": CLUSTER},
    ),
    "certificate": (
        lambda ours: ours.certificate(CLUSTER),
        "databases.get_ca",
        {"database_cluster_uuid": CLUSTER},
    ),
    "list_clusters": (
        lambda ours: ours.list_clusters(),
        "databases.list_clusters",
        {"params": PAGE},
    ),
    "droplets": (lambda ours: ours.list_sources(SourceType.DROPLET), "droplets.list", PAGE),
    "kubernetes": (
        lambda ours: ours.list_sources(SourceType.K8S),
        "kubernetes.list_clusters",
        PAGE,
    ),
    "tags": (lambda ours: ours.list_sources(SourceType.TAG), "tags.list", PAGE),
    "apps": (lambda ours: ours.list_sources(SourceType.APP), "apps.list", PAGE),
}


class Recorder:
    """An API that answers nothing useful, and keeps what it was asked."""

    def __init__(self) -> None:
        self.asked: list[tuple[Any, ...]] = []
        self.server = LoopbackServer(Request.application(self._answer))

    def _answer(self, request: Request) -> Response:
        sent = request.get_data()
        self.asked.append(
            (
                request.method,
                request.path,
                sorted(request.args.items()),
                json.loads(sent) if sent else None,
                *map(request.headers.get, ("Authorization", "Accept", "Content-Type")),
            )
        )
        return Response("{}", 400, content_type="application/json")


@pytest.fixture(scope="module")
def api() -> Iterator[Recorder]:
    recorder = Recorder()
    with recorder.server:
        yield recorder


@pytest.fixture(scope="module")
def theirs(api: Recorder) -> Iterator[pydo.Client]:
    from azure.core.credentials import AzureKeyCredential
    from azure.core.pipeline import policies

    key = policies.AzureKeyCredentialPolicy(
        AzureKeyCredential(TOKEN), "Authorization", prefix="Bearer"
    )  # azure-core's own policy for tokens refuses plain HTTP
    policies = [policies.CustomHookPolicy(), key]
    with pydo.Client(TOKEN, endpoint=api.server.url, policies=policies) as client:
        yield client


@pytest.mark.parametrize(("ask", "method", "arguments"), SAME.values(), ids=SAME)
def test_we_send_what_digitaloceans_own_client_sends(
    api: Recorder,
    theirs: pydo.Client,
    ask: Callable[[DigitalOcean], object],
    method: str,
    arguments: dict[str, Any],
) -> None:
    ours = DigitalOcean(TOKEN, endpoint=api.server.url)
    with pytest.raises(ApiError):
        ask(ours)
    ours.close()
    with suppress(AzureError):
        attrgetter(method)(theirs)(**arguments)

    mine, its = api.asked[-2:]
    assert mine == its
