import base64
import json
import logging
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from werkzeug.wrappers import Request

from bot.domain.connecting import Connection
from bot.domain.sources import SourceType, normal_source
from bot.providers.base import (
    ApiError,
    ClusterNotFound,
    ListedCluster,
    NamedSource,
    NotAuthorised,
    RateLimited,
    Unavailable,
)
from bot.providers.digitalocean import DigitalOcean
from dbaccess_playground.digitalocean.cluster_json import (
    ACCESS_KEY,
    CA_CERTIFICATE,
    ENGINES,
    PASSWORD,
    SECRETS,
)
from dbaccess_playground.digitalocean.sandbox import SandboxDigitalOcean
from dbaccess_playground.faults import Fault, Kind
from dbaccess_playground.server import LoopbackServer
from tests.providers.test_digitalocean import (
    NOBODYS_ID,
    TINY_SECONDS,
    TOKEN,
    Naps,
    Outside,
    all_a_crash_report_could_show,
    saying,
)

LISTED = [SourceType.DROPLET, SourceType.K8S, SourceType.TAG, SourceType.APP]
Read = Callable[[DigitalOcean], object]
READS: dict[str, Read] = {
    "connection": lambda api: api.connection(NOBODYS_ID),
    "certificate": lambda api: api.certificate(NOBODYS_ID),
    "clusters": lambda api: api.list_clusters(),
    **{kind.value: lambda api, kind=kind: api.list_sources(kind) for kind in LISTED},  # type: ignore[misc]
}
each_read = pytest.mark.parametrize("read", READS.values(), ids=READS.keys())
Answering = Callable[[str], DigitalOcean]


@pytest.fixture
def outside() -> Iterator[Outside]:
    with Outside(Naps()) as outside:
        yield outside


@pytest.fixture
def do(outside: Outside) -> Iterator[SandboxDigitalOcean]:
    with SandboxDigitalOcean(token=TOKEN) as sandbox:
        yield sandbox


@pytest.fixture
def api(do: SandboxDigitalOcean, outside: Outside) -> DigitalOcean:
    return outside.client(do.url)


@pytest.fixture
def answering(outside: Outside) -> Iterator[Answering]:
    """Makes a client of an API that answers every call with the given body."""
    servers: list[LoopbackServer] = []

    def answering(body: str) -> DigitalOcean:
        servers.append(LoopbackServer(Request.application(saying(body))))
        servers[-1].start()
        return outside.client(servers[-1].url)

    yield answering
    for server in servers:
        server.stop()


def in_base64(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


def a_cluster(**changes: Any) -> str:
    """The JSON of a cluster that nobody has, with some of its connection changed."""
    connection = {"host": "db.example", "port": 25060, "database": "defaultdb", "user": "doadmin"}
    cluster = {"engine": "pg", "version": "17", "connection": connection | changes}
    return json.dumps({"database": cluster})


# How to connect


@pytest.mark.parametrize("engine", ENGINES)
def test_a_cluster_tells_how_it_is_reached(
    api: DigitalOcean, do: SandboxDigitalOcean, engine: str
) -> None:
    shown = ENGINES[engine]
    host = f"orders-do-user-4915-0.{shown.domain}"
    assert api.connection(do.add_cluster("orders", engine=engine)) == Connection(
        engine, shown.version, host, shown.port, shown.database, f"private-{host}"
    )


@pytest.mark.parametrize("engine", ENGINES)
def test_no_password_or_key_is_in_what_is_returned_or_logged(
    api: DigitalOcean,
    do: SandboxDigitalOcean,
    outside: Outside,
    caplog: pytest.LogCaptureFixture,
    engine: str,
) -> None:
    caplog.set_level(logging.DEBUG)
    orders = do.add_cluster("orders", engine=engine)
    connection = api.connection(orders)
    found = [connection, vars(connection), api.cluster_status(orders), outside.calls]
    shown = f"{found!r} {[str(one) for one in found]} {caplog.text}"
    assert str(do.database(orders)).count(PASSWORD) > 1, "the API did say it"
    assert not [secret for secret in SECRETS if secret in shown or repr(secret)[1:-1] in shown]


@pytest.mark.parametrize("odd", [{"port": "many"}, {"host": "two words"}, {"database": "my\ndb"}])
def test_no_password_is_in_the_error_for_an_answer_that_makes_no_sense(
    answering: Answering, caplog: pytest.LogCaptureFixture, odd: dict[str, Any]
) -> None:
    caplog.set_level(logging.DEBUG)
    secrets = {"password": PASSWORD, "uri": f"postgresql://doadmin:{PASSWORD}@db.example"}
    with pytest.raises(Unavailable, match="makes no sense") as caught:
        answering(a_cluster(**secrets, **odd)).connection(NOBODYS_ID)
    assert PASSWORD not in all_a_crash_report_could_show(caught.value)
    assert PASSWORD not in caplog.text
    assert caught.value.__context__ is None


def test_who_the_administrator_is_is_not_kept(answering: Answering) -> None:
    for user in ("doadmin", None, ""):
        connection = answering(a_cluster(user=user)).connection(NOBODYS_ID)
        assert (connection.host, connection.port) == ("db.example", 25060)
        assert "doadmin" not in repr(connection)


@pytest.mark.parametrize(
    "body",
    [
        a_cluster(host=""),
        a_cluster(host=None, port=None),
        '{"database": {"engine": "pg"}}',
        '{"database": {"engine": "pg", "connection": null}}',
    ],
)
def test_a_cluster_that_has_no_address_yet_says_so(answering: Answering, body: str) -> None:
    with pytest.raises(Unavailable, match="no address yet, try again") as caught:
        answering(body).connection(NOBODYS_ID)
    assert caught.value.cluster_id == NOBODYS_ID


@pytest.mark.parametrize(
    "body",
    ["", "null", "{}", '{"database": {}}', a_cluster(host="-oProxyCommand"), a_cluster(port=-1)],
)
def test_an_answer_that_makes_no_sense_is_no_connection(answering: Answering, body: str) -> None:
    with pytest.raises(Unavailable, match="makes no sense"):
        answering(body).connection(NOBODYS_ID)


# The certificate


def test_the_certificate_is_read_as_pem(api: DigitalOcean, do: SandboxDigitalOcean) -> None:
    assert api.certificate(do.add_cluster("orders")) == CA_CERTIFICATE


def test_line_ends_of_another_system_are_made_plain(answering: Answering) -> None:
    crlf = in_base64("\r\n" + CA_CERTIFICATE.replace("\n", "\r\n"))
    api = answering(json.dumps({"ca": {"certificate": crlf}}))
    assert api.certificate(NOBODYS_ID) == CA_CERTIFICATE


@pytest.mark.parametrize(
    "certificate",
    [
        "",
        "not base64 at all",
        CA_CERTIFICATE,
        in_base64(""),
        in_base64("<html>Bad gateway</html>"),
        in_base64("\N{SNOWMAN}"),
        in_base64(ACCESS_KEY),
        in_base64(CA_CERTIFICATE + ACCESS_KEY),
        in_base64(f"{CA_CERTIFICATE}and something else\n"),
        in_base64(CA_CERTIFICATE.replace("MIIB", "AAAA")),
        in_base64("-----BEGIN CERTIFICATE-----\naGVsbG8=\n-----END CERTIFICATE-----\n"),
        None,
        7,
    ],
)
def test_what_is_no_certificate_alone_is_not_passed_on(
    answering: Answering, certificate: object
) -> None:
    api = answering(json.dumps({"ca": {"certificate": certificate}}))
    with pytest.raises(Unavailable, match="makes no sense") as caught:
        api.certificate(NOBODYS_ID)
    assert caught.value.cluster_id == NOBODYS_ID
    assert "c2FuZGJveC1rZXk" not in all_a_crash_report_could_show(caught.value)


# What can be a trusted source


def test_things_are_named_as_a_rule_would_hold_them(
    api: DigitalOcean, do: SandboxDigitalOcean
) -> None:
    do.add_droplet("web-1", 3164444)
    k8s, app = do.add_kubernetes_cluster("production"), do.add_app("shop")
    do.add_tag("backend")
    named = {kind: api.list_sources(kind) for kind in LISTED}
    assert named == {
        SourceType.DROPLET: [NamedSource("3164444", "web-1")],
        SourceType.K8S: [NamedSource(k8s, "production")],
        SourceType.TAG: [NamedSource("backend", "backend")],
        SourceType.APP: [NamedSource(app, "shop")],
    }
    for kind, [thing] in named.items():
        source = normal_source(kind, thing.id)
        assert source is not None
        assert source.value == thing.id


@pytest.mark.parametrize("kind", LISTED)
def test_nothing_there_is_an_empty_list(api: DigitalOcean, kind: SourceType) -> None:
    assert api.list_sources(kind) == []


def test_all_pages_are_read(api: DigitalOcean, do: SandboxDigitalOcean) -> None:
    for number in range(405):
        do.add_droplet(f"web-{number}", number + 1)
        do.add_tag(f"tag-{number}")
        do.add_app(f"app-{number}")
        do.add_kubernetes_cluster(f"k8s-{number}")
    for kind in LISTED:
        assert len(set(api.list_sources(kind))) == 405
    assert len(do.calls) == 4 * 3


def test_the_accounts_clusters_are_listed_from_all_pages_and_their_passwords_are_not(
    api: DigitalOcean, do: SandboxDigitalOcean
) -> None:
    for number in range(205):
        do.add_cluster(f"shard-{number}", engine="mysql")

    listed = api.list_clusters()

    assert [one.name for one in listed] == [f"shard-{number}" for number in range(205)]
    assert {(one.engine, one.region) for one in listed} == {("mysql", "fra1")}
    assert not any(secret in repr(listed) for secret in SECRETS)
    assert len(do.calls) == 2


def test_a_list_of_clusters_that_names_no_pages_is_whole(answering: Answering) -> None:
    body = '{"databases": [{"id": "a", "name": "orders", "engine": "pg", "region": "nyc3"}]}'
    assert answering(body).list_clusters() == [ListedCluster("a", "orders", "pg", "nyc3")]


def test_a_list_without_end_is_cut(answering: Answering, outside: Outside) -> None:
    tags = '{"tags": [{"name": "a"}], "links": {"pages": {"next": "https://do.example/?page=2"}}}'
    assert answering(tags).list_sources(SourceType.TAG) == [NamedSource("a", "a")]
    assert len(outside.calls) == 50


@pytest.mark.parametrize("tags", ['"tags": null, ', '"tags": [], ', ""])
def test_droplets_are_listed_although_their_tags_are_hidden(
    answering: Answering, tags: str
) -> None:
    """Nothing says what stands there without the scope `tag:read`."""
    networks = '{"v4": [{"ip_address": "10.110.0.2"}, {"ip_address": "203.0.113.9"}]}'
    body = f'{{"droplets": [{{"id": 7, "name": "web", {tags}"networks": {networks}}}]}}'

    [droplet] = answering(body).list_sources(SourceType.DROPLET)

    assert (droplet.addresses, droplet.tags) == (("10.110.0.2", "203.0.113.9"), ())


def test_there_is_no_list_of_addresses(api: DigitalOcean, do: SandboxDigitalOcean) -> None:
    with pytest.raises(ValueError, match="no list of ip_addr"):
        api.list_sources(SourceType.IP_ADDR)
    assert not do.calls


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        (SourceType.DROPLET, '{"tags": []}'),
        (SourceType.DROPLET, '{"droplets": [{"name": "no id"}]}'),
        (SourceType.K8S, '{"kubernetes_clusters": null}'),
        (SourceType.TAG, '{"tags": [{"name": ""}]}'),
        (SourceType.APP, '{"apps": [{"id": "a", "spec": null}]}'),
        (SourceType.APP, '{"apps": [], "links": 7}'),
    ],
)
def test_an_answer_that_makes_no_sense_is_no_empty_list(
    answering: Answering, kind: SourceType, body: str
) -> None:
    with pytest.raises(Unavailable, match="makes no sense"):
        answering(body).list_sources(kind)


# Errors, as of the other reads


@pytest.mark.parametrize("read", ["connection", "certificate"])
def test_a_cluster_that_is_not_there_is_told_as_such(
    api: DigitalOcean, do: SandboxDigitalOcean, read: str
) -> None:
    with pytest.raises(ClusterNotFound, match=NOBODYS_ID) as caught:
        READS[read](api)
    assert caught.value.cluster_id == NOBODYS_ID
    assert len(do.calls) == 1


@each_read
def test_a_token_without_the_scope_is_told_at_once(
    api: DigitalOcean, do: SandboxDigitalOcean, read: Read
) -> None:
    do.faults.add(Fault.status(403, times=None))
    with pytest.raises(NotAuthorised, match="403"):
        read(api)
    assert len(do.calls) == 1


@each_read
def test_a_long_rate_limit_is_told_at_once_and_minded(
    api: DigitalOcean, do: SandboxDigitalOcean, read: Read
) -> None:
    do.faults.add(Fault.status(429, retry_after=40))
    for _ in range(2):
        with pytest.raises(RateLimited):
            read(api)
    assert len(do.calls) == 1


@each_read
def test_an_api_that_fails_is_asked_again_and_then_unavailable(
    api: DigitalOcean, do: SandboxDigitalOcean, read: Read
) -> None:
    do.faults.add(Fault.status(503, times=None))
    with pytest.raises(Unavailable, match="503"):
        read(api)
    assert len(do.calls) == 3


def test_a_page_that_fails_once_is_asked_for_again(
    api: DigitalOcean, do: SandboxDigitalOcean
) -> None:
    for number in range(205):
        do.add_tag(f"tag-{number}")
    do.faults.add(Fault.reset())
    assert len(api.list_sources(SourceType.TAG)) == 205


@each_read
def test_a_read_that_hangs_ends_in_time(
    do: SandboxDigitalOcean, outside: Outside, read: Read
) -> None:
    hasty = outside.client(do.url, timeout_seconds=TINY_SECONDS)
    do.faults.add(Fault.hang(times=None))
    with pytest.raises(Unavailable, match="no answer in time"):
        read(hasty)
    do.faults.clear()


def test_no_secret_is_in_any_error(
    api: DigitalOcean,
    do: SandboxDigitalOcean,
    outside: Outside,
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.DEBUG)
    orders = do.add_cluster("orders", engine="kafka")
    hasty = outside.client(do.url, timeout_seconds=TINY_SECONDS)
    told = []
    for fault in (
        Fault.half_body(times=None),
        Fault.status(500, times=None),
        Fault.hang(times=None),
    ):
        do.faults.add(fault)
        with pytest.raises(ApiError) as caught:
            (hasty if fault.kind is Kind.HANG else api).connection(orders)
        told.append(all_a_crash_report_could_show(caught.value))
        do.faults.clear()
    shown = f"{told} {caplog.text}"
    assert not [secret for secret in (TOKEN, *SECRETS) if secret in shown]
