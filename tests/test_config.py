import re
import traceback
from copy import deepcopy
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy.engine import make_url
from typer.testing import CliRunner

from bot.cli.app import app
from bot.config import ConfigError, Settings, load_policy, load_settings, parse_policy
from bot.domain.placeholders import WHAT_TO_PUT

ROOT = Path(__file__).parent.parent
MINIMAL = """
instance = "prod"
operators = "C0OPS"

[defaults]
channel = "C0APPROVALS"
approvers = ["U0ALICE", "U0BOB"]

[clusters.orders]
id = "9cc10173-e9ea-4176-9dbc-a4cee4c4ff30"
"""
AS_IN_THE_DESIGN = """
instance = "prod"
operators = "C0OPS"

[defaults]
channel = "C0APPROVALS"
approvers = ["U0ALICE", "S0DBADMINS"]
requesters = ["*"]
approvals = 1
self_approval = false
source_types = ["ip_addr"]
min_prefix = 32
allow_private = false
allow_open = false
require_reason = false
default_duration = "1h"
min_duration = "1m"
max_duration = "8h"
request_ttl = "4h"
warn_before = "10m"
alarm_after = "5m"
on_outside_removal = "end"

[clusters.orders]
id = "9cc10173-e9ea-4176-9dbc-a4cee4c4ff30"
max_duration = "2h"
approvals = 2

[[clusters.orders.auto_approve]]
requesters = ["S0ONCALL"]
sources = ["198.51.100.0/24"]
max_duration = "1h"

[clusters.orders.emergency]
requesters = ["S0ONCALL"]
max_duration = "30m"

[scheduler]
tick = "1s"
drift = "5m"
"""
ORDERS = "9cc10173-e9ea-4176-9dbc-a4cee4c4ff30"
DOCUMENT: dict[str, Any] = {
    "instance": "prod",
    "operators": "C0OPS",
    "defaults": {"channel": "C0APPROVALS", "approvers": ["U0ALICE", "U0BOB"]},
    "clusters": {"orders": {"id": ORDERS}},
}
WRITTEN = {"requesters": ["*"], "sources": ["198.51.100.0/24"], "max_duration": "1h"}
SECRETS = {
    "SLACK_BOT_TOKEN": "xoxb-bot-secret",
    "SLACK_SIGNING_SECRET": "signing-secret",
    "SLACK_APP_TOKEN": "xapp-app-secret",
    "DIGITALOCEAN_TOKEN": "dop_v1_ocean_secret",
    "DATABASE_URL": "postgresql://bot:pass-secret@db.example/dbaccess",
}
REQUIRED = ("SLACK_BOT_TOKEN", "SLACK_SIGNING_SECRET", "DIGITALOCEAN_TOKEN")

FAULTS: list[tuple[dict[str, Any], str]] = [
    # what is missing
    ({"instance": ...}, "instance: is missing"),
    ({"operators": ...}, "operators: is missing"),
    ({"clusters__orders__id": ...}, "clusters.orders.id: is missing"),
    ({"defaults__channel": ...}, "clusters.orders.channel: is missing"),
    ({"defaults__approvers": ...}, "clusters.orders.approvers: is missing"),
    ({"clusters": {}}, "clusters: Dictionary should have at least 1 item"),
    # what nobody knows
    ({"instanse": "prod"}, "instanse: unknown key, did you mean instance?"),
    ({"defaults__aprovals": 2}, "defaults.aprovals: unknown key, did you mean approvals?"),
    ({"defaults__id": ORDERS}, "defaults.id: unknown key"),
    (
        {"clusters__orders__aprovals": 2},
        "clusters.orders.aprovals: unknown key, did you mean approvals?",
    ),
    ({"scheduler__drivt": "1s"}, "scheduler.drivt: unknown key, did you mean drift?"),
    (
        {
            "clusters__orders__emergency": {
                "requesters": ["S0ONCALL"],
                "max_duration": "30m",
                "remind_evry": "1h",
            }
        },
        "clusters.orders.emergency.remind_evry: unknown key, did you mean remind_every?",
    ),
    (
        {"clusters__orders__auto_approve": [{**WRITTEN, "source": []}]},
        "clusters.orders.auto_approve.0.source: unknown key, did you mean sources?",
    ),
    (
        {"clusters__orders__auto_approve": [{**WRITTEN, "until": "2h"}]},
        "clusters.orders.auto_approve.0.until: unknown key",
    ),
    # bad values
    ({"instance": "Prod!"}, "instance: 'Prod!' does not look right"),
    ({"operators": "#ops"}, "operators: '#ops' does not look right"),
    ({"clusters__orders__id": "orders"}, "clusters.orders.id: Input should be a valid UUID"),
    ({"clusters__orders__channel": "ops"}, "clusters.orders.channel: 'ops' does not look"),
    (
        {"clusters__orders__approvers": ["alice"]},
        "clusters.orders.approvers.0: 'alice' does not look right",
    ),
    (
        {"clusters__orders__approvers": ["*"]},
        "clusters.orders.approvers.0: '*' does not look right",
    ),
    ({"clusters__orders__approvers": []}, "clusters.orders.approvers: Tuple should have at"),
    ({"clusters__orders__requesters": []}, "clusters.orders.requesters: Tuple should have at"),
    ({"clusters__orders__approvals": 0}, "clusters.orders.approvals: Input should be greater"),
    ({"clusters__orders__min_prefix": 33}, "clusters.orders.min_prefix: Input should be less"),
    (
        {"clusters__orders__source_types": ["ipv6"]},
        "clusters.orders.source_types.0: Input should be 'ip_addr', 'droplet'",
    ),
    (
        {"clusters__orders__max_duration": "eight hours"},
        "clusters.orders.max_duration: `eight hours` isn't a duration",
    ),
    (
        {"clusters__orders__warn_before": "0s"},
        "clusters.orders.warn_before: A duration of zero",
    ),
    (
        {"clusters__orders__on_outside_removal": "ignore"},
        "clusters.orders.on_outside_removal: Input should be 'end' or 'restore'",
    ),
    (
        {"clusters__orders__max_duration": 3600},
        "clusters.orders.max_duration: 3600 isn't a duration",
    ),
    ({"scheduler__tick": "often"}, "scheduler.tick: `often` isn't a duration"),
    (
        {"clusters__orders__auto_approve": [{**WRITTEN, "sources": ["2001:db8::/32"]}]},
        "clusters.orders.auto_approve.0.sources.0: Input is not a valid IPv4 network",
    ),
    (
        {"clusters__orders__auto_approve": [{**WRITTEN, "requesters": []}]},
        "clusters.orders.auto_approve.0.requesters: Tuple should have at least 1 item",
    ),
    (
        {"clusters__orders__emergency": {"requesters": ["S0ONCALL"]}},
        "clusters.orders.emergency.max_duration: is missing",
    ),
    # what was inherited is mended where it was written
    ({"defaults__approvals": "two"}, "defaults.approvals: must be a whole number"),
    ({"defaults__request_ttl": "soon"}, "defaults.request_ttl: `soon` isn't a duration"),
    ({"defaults__approvers": ["bob"]}, "defaults.approvers.0: 'bob' does not look right"),
    # what does not agree with itself
    (
        {"clusters__orders__min_duration": "9h"},
        "clusters.orders: min_duration is longer than max_duration",
    ),
    (
        {"clusters__orders__default_duration": "30s"},
        "clusters.orders: default_duration is shorter than min_duration",
    ),
    (
        {"clusters__orders__approvals": 3},
        "clusters.orders: 3 approvals are needed, but only 2 approvers are named",
    ),
    ({"clusters__billing": {"id": ORDERS}}, "clusters: orders and billing have the same id"),
    (
        {"clusters__orders__auto_approve": [{"max_duration": "1h"}]},
        "clusters.orders.auto_approve.0: names neither requesters nor machines",
    ),
    (
        {"clusters__orders__auto_approve": [{"machines": ["ci:nightly"], "max_duration": "1h"}]},
        "clusters: orders: ci:nightly: there is no [machines.ci]",
    ),
    (
        {"machines": {"CI": {"issuer": "https://ci.example", "audience": "dbaccess"}}},
        "machines.CI: 'CI' does not look right, it is a short name in small letters, like github",
    ),
    (
        {"machines": {"ci": {"issuer": "http://ci.example", "audience": "dbaccess"}}},
        "machines.ci.issuer: 'http://ci.example' does not look right, it is a URL with https://",
    ),
    # what is of another kind altogether
    ({"defaults": []}, "defaults and clusters must be tables"),
    ({"clusters": ["orders"]}, "defaults and clusters must be tables"),
    ({"clusters__orders": ORDERS}, "clusters.orders: Input should be a valid dictionary"),
]


def changed(**changes: Any) -> dict[str, Any]:
    """Return the usual document with *changes*; `a__b=1` is `{"a": {"b": 1}}`."""
    document = deepcopy(DOCUMENT)
    for path, value in changes.items():
        *tables, key = path.split("__")
        table = document
        for name in tables:
            table = table.setdefault(name, {})
        if value is ...:
            del table[key]
        else:
            table[key] = value
    return document


def problems(**changes: Any) -> list[str]:
    """Return what is said of the usual document with *changes*."""
    with pytest.raises(ConfigError) as error:
        parse_policy(changed(**changes))
    assert str(error.value) == "\n".join(error.value.problems)
    return error.value.problems


@pytest.fixture(autouse=True)
def empty_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No variable of the machine's and no `.env` file."""
    for name in Settings.model_fields:
        monkeypatch.delenv(name.upper(), raising=False)
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def secrets(monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    for name, value in SECRETS.items():
        monkeypatch.setenv(name, value)
    return SECRETS


# dbaccess.toml


@pytest.mark.parametrize("text", [MINIMAL, AS_IN_THE_DESIGN], ids=["minimal", "full"])
def test_a_file_is_read(tmp_path: Path, text: str) -> None:
    path = tmp_path / "dbaccess.toml"
    path.write_text(text)

    policy = load_policy(path)

    assert policy.instance == "prod"
    assert str(policy.cluster("orders").id) == ORDERS


def test_clusters_inherit_the_defaults_and_may_override_each(tmp_path: Path) -> None:
    path = tmp_path / "dbaccess.toml"
    path.write_text(AS_IN_THE_DESIGN)

    orders = load_policy(path).cluster("orders")

    assert orders.approvers == ("U0ALICE", "S0DBADMINS")
    assert orders.approvals == 2
    assert orders.max_duration == timedelta(hours=2)
    assert orders.auto_approve[0].requesters == ("S0ONCALL",)
    assert orders.emergency is not None


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    path = tmp_path / "missing.toml"

    with pytest.raises(ConfigError) as error:
        load_policy(path)

    assert error.value.problems == [f"{path}: there is no such file"]


@pytest.mark.parametrize(
    ("raw", "reason"),
    [
        (b'instance = "prod', "Unterminated string"),
        (b'instance = "prod"\ninstance = "dev"', "Cannot overwrite a value"),
        (b'instance = "\xff"', "utf-8"),
    ],
)
def test_a_file_that_is_no_toml_is_named_with_the_place(
    tmp_path: Path, raw: bytes, reason: str
) -> None:
    path = tmp_path / "dbaccess.toml"
    path.write_bytes(raw)

    with pytest.raises(ConfigError) as error:
        load_policy(path)

    [problem] = error.value.problems
    assert problem.startswith(f"{path}: ")
    assert reason in problem


def test_a_folder_is_no_file(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="directory"):
        load_policy(tmp_path)


@pytest.mark.parametrize(
    ("changes", "problem"),
    FAULTS,
    ids=lambda value: "" if isinstance(value, dict) else value[:60],
)
def test_a_fault_is_named_with_file_key_and_reason(changes: dict[str, Any], problem: str) -> None:
    found = problems(**changes)

    assert found[0].startswith(f"dbaccess.toml: {problem}")


def test_an_alias_is_short_and_plain() -> None:
    [problem] = problems(clusters={"Orders DB": {"id": ORDERS}})

    assert problem.startswith("dbaccess.toml: clusters.Orders DB: 'Orders DB' does not look right")


def test_all_faults_are_told_at_once() -> None:
    assert len(problems(instance="!", defaults__typo=1, clusters__orders__approvals=0)) == 3


def test_a_fault_in_the_defaults_is_told_once_however_many_inherit_it() -> None:
    clusters = {"orders": {"id": ORDERS}, "billing": {"id": ORDERS.replace("9", "8")}}

    typo, duration = problems(clusters=clusters, defaults__max_duration="x", defaults__typo=1)

    assert typo == "dbaccess.toml: defaults.typo: unknown key"
    assert duration.startswith("dbaccess.toml: defaults.max_duration: `x` isn't a duration.")


def test_the_file_is_named_as_it_was_given(tmp_path: Path) -> None:
    path = tmp_path / "other.toml"
    path.write_text(MINIMAL.replace("prod", "PROD"))

    with pytest.raises(ConfigError, match=r"other\.toml:2: instance: 'PROD'"):
        load_policy(path)


# The environment


def test_little_has_to_be_set(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in REQUIRED:
        monkeypatch.setenv(name, SECRETS[name])

    settings = load_settings()

    assert settings.slack_app_token is None
    assert settings.slack_api_url == "https://slack.com/api/"
    assert settings.digitalocean_api_url == "https://api.digitalocean.com"
    assert settings.database_url == "sqlite:///dbaccess.db"
    assert settings.dbaccess_config == Path("dbaccess.toml")
    assert settings.dbaccess_public_url is None
    assert (settings.host, settings.port) == ("127.0.0.1", 3000)
    assert settings.log_format is None


def test_every_missing_variable_is_named() -> None:
    with pytest.raises(ConfigError) as error:
        load_settings()

    assert error.value.problems == [f"environment: {name}: is missing" for name in REQUIRED]


def example_secrets() -> dict[str, str]:
    """What `.env.example` has in the place of each secret, commented out or not."""
    written = re.findall(r"^#?([A-Z_]+)=(.*)$", (ROOT / ".env.example").read_text(), re.MULTILINE)
    kept_secret = {n for n, field in Settings.model_fields.items() if "Secret" in str(field)}
    return {name: value for name, value in written if name.lower() in kept_secret}


def test_p8_the_placeholders_of_the_example_are_refused_each_with_what_to_put(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert example_secrets().keys() == {name.upper() for name in WHAT_TO_PUT}
    for name, value in example_secrets().items():
        monkeypatch.setenv(name, value)

    with pytest.raises(ConfigError) as error:
        load_settings()

    assert error.value.problems == [
        f"environment: {name.upper()}: is still the example's placeholder; put in {what}"
        for name, what in WHAT_TO_PUT.items()
    ]


@pytest.mark.parametrize("value", ["xoxb-...", "<your token>", "xoxb-your-token", "changeme"])
def test_p8_what_looks_like_a_placeholder_is_refused(
    monkeypatch: pytest.MonkeyPatch, secrets: dict[str, str], value: str
) -> None:
    monkeypatch.setenv("SLACK_BOT_TOKEN", value)

    with pytest.raises(ConfigError, match="SLACK_BOT_TOKEN: is still the example's placeholder"):
        load_settings()


@pytest.mark.parametrize("command", ["serve", "web", "worker", "check"])
def test_p8_no_process_starts_with_the_placeholders(
    monkeypatch: pytest.MonkeyPatch, command: str
) -> None:
    for name, value in example_secrets().items():
        monkeypatch.setenv(name, value)

    result = CliRunner().invoke(app, [command])

    assert result.exit_code == (1 if command == "check" else 78)  # EX_CONFIG
    assert result.output.count("is still the example's placeholder") == len(WHAT_TO_PUT)
    assert not any(value in result.output for value in example_secrets().values())


@pytest.mark.parametrize("command", ["serve", "web", "worker", "check"])
def test_what_is_wrong_with_the_environment_and_with_the_policy_comes_at_once(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, command: str
) -> None:
    (tmp_path / "other.toml").write_text(MINIMAL.replace("prod", "PROD"))
    monkeypatch.setenv("DBACCESS_CONFIG", "other.toml")

    result = CliRunner().invoke(app, [command])

    assert result.exit_code == (1 if command == "check" else 78)  # EX_CONFIG
    assert "SLACK_BOT_TOKEN: is missing" in result.output
    assert "other.toml:2: instance: 'PROD' does not look right" in result.output


@pytest.mark.parametrize("command", ["serve", "grants"])
def test_in_an_empty_folder_init_is_named(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, command: str
) -> None:
    monkeypatch.chdir(tmp_path)
    named = "Nothing is set up in this folder: `dbaccess init`"
    assert named in CliRunner().invoke(app, [command]).stderr

    (tmp_path / "dbaccess.toml").touch()
    assert named not in CliRunner().invoke(app, [command]).stderr


def test_an_env_file_is_read_and_the_environment_counts_more(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    lines = [*(f"{name}={SECRETS[name]}" for name in REQUIRED), "PORT=4000", "HOST=0.0.0.0"]
    (tmp_path / ".env").write_text("\n".join([*lines, "SOMETHING_ELSE=1"]))
    monkeypatch.setenv("PORT", "5000")

    settings = load_settings()

    assert (settings.host, settings.port) == ("0.0.0.0", 5000)  # noqa: S104  # only read


@pytest.mark.parametrize("name", ["SLACK_APP_TOKEN", "DBACCESS_PUBLIC_URL", "LOG_FORMAT"])
def test_an_empty_variable_is_an_unset_one(
    monkeypatch: pytest.MonkeyPatch, secrets: dict[str, str], name: str
) -> None:
    monkeypatch.setenv(name, "")

    assert getattr(load_settings(), name.lower()) is None


@pytest.mark.parametrize(
    ("name", "value", "reason"),
    [
        ("PORT", "http", "must be a whole number"),
        ("PORT", "65536", "Input should be less than or equal to 65535"),
        ("LOG_FORMAT", "xml", "must be console or json"),
        ("DBACCESS_PUBLIC_URL", "bot.example.com", "must look like https://dbaccess.example.com"),
        ("DBACCESS_PUBLIC_URL", "https://", "must look like https://dbaccess.example.com"),
        ("DBACCESS_PUBLIC_URL", "javascript://x", "must look like https://dbaccess.example.com"),
        ("DBACCESS_PUBLIC_URL", "https://b.example/?a=b", "must look like https://dbaccess."),
        ("DBACCESS_PUBLIC_URL", "https://b.example/<!channel>", "must look like https://dbaccess."),
        ("DBACCESS_TRUSTED_PROXIES", "-1", "Input should be greater than or equal to 0"),
        ("DBACCESS_TRUSTED_PROXIES", "all", "must be a whole number"),
        ("DATABASE_URL", "mysql://root@db/x", "must begin with sqlite:///, postgresql:// or"),
        ("DATABASE_URL", "dbaccess.db", "must begin with sqlite:///, postgresql:// or"),
    ],
)
def test_a_variable_that_makes_no_sense_is_named_with_the_reason(
    monkeypatch: pytest.MonkeyPatch, secrets: dict[str, str], name: str, value: str, reason: str
) -> None:
    monkeypatch.setenv(name, value)

    with pytest.raises(ConfigError) as error:
        load_settings()

    [problem] = error.value.problems
    assert problem.startswith(f"environment: {name}: {reason}")


@pytest.mark.parametrize(
    ("given", "used"),
    [
        ("sqlite:///dbaccess.db", "sqlite:///dbaccess.db"),
        ("postgres://bot@db/access", "postgresql+psycopg://bot@db/access"),
        ("postgresql://bot@db/access", "postgresql+psycopg://bot@db/access"),
        ("postgresql+psycopg://bot@db/access", "postgresql+psycopg://bot@db/access"),
    ],
)
def test_postgresql_is_reached_by_psycopg_3_however_it_is_spelled(
    monkeypatch: pytest.MonkeyPatch, secrets: dict[str, str], given: str, used: str
) -> None:
    monkeypatch.setenv("DATABASE_URL", given)

    assert load_settings().database_url == used


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://bot:hunter2@horse@127.0.0.1:5432/x",
        "postgresql://bot:staple@hunter2@127.0.0.1:5432/x",
        "postgresql://bot:horse@hunter2:staple@127.0.0.1:5432/x",
        "postgresql://bot:horse@hunter2/staple@127.0.0.1/x",
        "postgresql://bot:horse@hunter2?staple@127.0.0.1/x",
        "postgresql://bot:hunter2/x",
        "postgresql://bot:horse@127.0.0.1:hunter2/x",
        "postgresql://bot:hunter2@one:5432,two:5432/x",
        "postgresql://bot:hunter2@/x?host=one&port=1&host=two",
    ],
)
def test_p8_an_address_that_cannot_be_read_is_refused_without_a_piece_of_its_password(
    monkeypatch: pytest.MonkeyPatch, secrets: dict[str, str], url: str
) -> None:
    """Wherever somebody takes the password to end, the rest of it looks like a host or a port."""
    monkeypatch.setenv("DATABASE_URL", url)

    with pytest.raises(ConfigError) as error:
        load_settings()

    [problem] = error.value.problems
    assert problem.startswith("environment: DATABASE_URL: ")
    assert "postgresql://user:password@" in problem
    for piece in ("hunter2", "horse", "staple"):
        assert piece not in "".join(traceback.format_exception(error.value))


@pytest.mark.parametrize("url", ["sqlite://", "sqlite:///", "sqlite:///:memory:"])
def test_a_database_in_memory_is_refused_since_every_connection_has_its_own(
    monkeypatch: pytest.MonkeyPatch, secrets: dict[str, str], url: str
) -> None:
    monkeypatch.setenv("DATABASE_URL", url)

    with pytest.raises(ConfigError, match="DATABASE_URL: must name a file"):
        load_settings()


@pytest.mark.parametrize("hosts", ["?host=one:5432&host=two:5433", "?host=one&host=two"])
def test_several_hosts_reach_the_driver_and_the_listener(
    monkeypatch: pytest.MonkeyPatch, secrets: dict[str, str], hosts: str
) -> None:
    monkeypatch.setenv("DATABASE_URL", f"postgresql://bot:p%40ss@/access{hosts}")

    url = make_url(load_settings().database_url)
    _, given = url.get_dialect()().create_connect_args(url)

    assert (given["host"], given["password"]) == ("one,two", "p@ss")
    assert "p@ss" in load_settings().secrets()


def test_a_password_behind_the_question_mark_is_hidden_too(
    monkeypatch: pytest.MonkeyPatch, secrets: dict[str, str]
) -> None:
    """P8."""
    monkeypatch.setenv("DATABASE_URL", "postgresql://bot@db/access?password=hunter2")

    assert "hunter2" in load_settings().secrets()


def test_the_slash_at_the_end_of_a_url_does_not_matter(
    monkeypatch: pytest.MonkeyPatch, secrets: dict[str, str]
) -> None:
    monkeypatch.setenv("SLACK_API_URL", "http://127.0.0.1:1/api")
    monkeypatch.setenv("DIGITALOCEAN_API_URL", "http://127.0.0.1:2/")
    monkeypatch.setenv("DBACCESS_PUBLIC_URL", "https://bot.example.com/")

    settings = load_settings()

    assert settings.slack_api_url == "http://127.0.0.1:1/api/"
    assert settings.digitalocean_api_url == "http://127.0.0.1:2"
    assert settings.dbaccess_public_url == "https://bot.example.com"


@pytest.mark.parametrize(
    "url",
    ["https://bot.example.com:8443", "http://127.0.0.1:3000", "http://[::1]:3000", "https://b/db"],
)
def test_the_public_url_may_have_a_port_and_a_path(
    monkeypatch: pytest.MonkeyPatch, secrets: dict[str, str], url: str
) -> None:
    monkeypatch.setenv("DBACCESS_PUBLIC_URL", url)

    assert load_settings().dbaccess_public_url == url


def test_unless_it_is_said_there_is_no_public_url_and_no_proxy_is_trusted(
    secrets: dict[str, str],
) -> None:
    settings = load_settings()

    assert settings.dbaccess_public_url is None
    assert settings.dbaccess_trusted_proxies == 0


def test_tokens_do_not_show_when_the_settings_are_printed(secrets: dict[str, str]) -> None:
    """P8."""
    settings = load_settings()

    for name in (
        "SLACK_BOT_TOKEN",
        "SLACK_SIGNING_SECRET",
        "SLACK_APP_TOKEN",
        "DIGITALOCEAN_TOKEN",
    ):
        for printed in (repr(settings), str(settings), settings.model_dump_json()):
            assert secrets[name] not in printed


def test_a_fault_does_not_repeat_a_secret(
    monkeypatch: pytest.MonkeyPatch, secrets: dict[str, str]
) -> None:
    monkeypatch.setenv("DATABASE_URL", "mysql://bot:pass-secret@db/x")
    monkeypatch.setenv("PORT", "x")

    with pytest.raises(ConfigError) as error:
        load_settings()

    for secret in (*secrets.values(), "pass-secret"):
        assert secret not in str(error.value)
    assert error.value.__cause__ is None
    assert error.value.__suppress_context__


def test_the_settings_know_what_the_logs_must_hide(secrets: dict[str, str]) -> None:
    hidden = load_settings().secrets()

    for name in (
        "SLACK_BOT_TOKEN",
        "SLACK_SIGNING_SECRET",
        "SLACK_APP_TOKEN",
        "DIGITALOCEAN_TOKEN",
    ):
        assert secrets[name] in hidden
    assert "pass-secret" in hidden


def test_without_a_database_password_there_is_none_to_hide(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name in REQUIRED:
        monkeypatch.setenv(name, SECRETS[name])

    assert load_settings().secrets() == [SECRETS[name] for name in REQUIRED]


@pytest.mark.parametrize("value", ["signing-one, signing-two", "signing-one,signing-two"])
def test_while_the_signing_secret_is_rotated_there_are_two_and_both_are_hidden(
    monkeypatch: pytest.MonkeyPatch, secrets: dict[str, str], value: str
) -> None:
    """P8."""
    monkeypatch.setenv("SLACK_SIGNING_SECRET", value)

    settings = load_settings()

    assert settings.signing_secrets() == ("signing-one", "signing-two")
    assert {"signing-one", "signing-two"} <= set(settings.secrets())


@pytest.mark.parametrize("value", ["one,", ",one", "one,two,three", " "])
def test_a_list_of_signing_secrets_that_is_none_is_refused(
    monkeypatch: pytest.MonkeyPatch, secrets: dict[str, str], value: str
) -> None:
    monkeypatch.setenv("SLACK_SIGNING_SECRET", value)

    with pytest.raises(ConfigError, match=r"SLACK_SIGNING_SECRET: write one secret, or while"):
        load_settings()


def test_a_fault_says_its_line_and_one_of_what_is_missing_that_of_its_table(tmp_path: Path) -> None:
    path = tmp_path / "dbaccess.toml"
    lines = MINIMAL.splitlines()
    path.write_text(MINIMAL.replace("channel =", "chanel =") + "approvals = 0\n")

    with pytest.raises(ConfigError) as fault:
        load_policy(path)

    at = {problem.removeprefix(f"{path}:").partition(":")[0] for problem in fault.value.problems}
    orders, typo = lines.index("[clusters.orders]") + 1, lines.index("[defaults]") + 2
    assert at == {str(typo), str(orders), str(len(lines) + 1)}
