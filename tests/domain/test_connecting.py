"""The lines that connect to a cluster are right, verified, and safe to copy."""

import re
import shlex
import subprocess
from pathlib import Path
from typing import Any

import pytest
from psycopg.conninfo import conninfo_to_dict

from bot.domain.connecting import Connection, saving, ways
from dbaccess_playground.digitalocean.cluster_json import CA_CERTIFICATE, ENGINES

CA_FILE = "orders-ca.crt"
HOSTILE = "x' y\"; $(rm -rf ~) `id` \\ <!channel> @here &"


def connection(engine: str = "pg", **changes: Any) -> Connection:
    host = f"orders-do-user-4915-0.{ENGINES[engine].domain if engine in ENGINES else 'do.example'}"
    facts: dict[str, Any] = {
        "engine": engine,
        "version": "17",
        "host": host,
        "port": 25060,
        "database": "defaultdb",
        "private_host": f"private-{host}",
    }
    if engine in ENGINES:
        real = ENGINES[engine]
        facts |= {
            "version": real.version,
            "port": real.port,
            "database": real.database,
        }
    return Connection(**(facts | changes))


def typed(engine: str, **changes: Any) -> list[str]:
    """The words that a shell makes of the last line of the first way to connect."""
    first, *_ = ways(connection(engine, **changes), CA_FILE)
    return shlex.split(first.lines.splitlines()[-1])


def test_psql_verifies_the_certificate_and_the_name_in_it() -> None:
    command, conninfo = typed("pg")
    assert command == "psql"
    assert conninfo_to_dict(conninfo) == {
        "host": "orders-do-user-4915-0.g.db.ondigitalocean.com",
        "port": "25060",
        "dbname": "defaultdb",
        "user": "YOUR_USER",
        "sslmode": "verify-full",
        "sslrootcert": CA_FILE,
    }


def test_the_python_line_calls_psycopg_with_the_same_facts() -> None:
    _, _, python = ways(connection(database=HOSTILE), CA_FILE)
    called: list[dict[str, Any]] = []

    class Psycopg:
        @staticmethod
        def connect(**facts: Any) -> None:
            called.append(facts)

    eval(python.lines, {"psycopg": Psycopg, "getpass": lambda: "typed"})  # noqa: S307
    assert called == [
        {
            "host": "orders-do-user-4915-0.g.db.ondigitalocean.com",
            "port": 25060,
            "dbname": HOSTILE,
            "user": "YOUR_USER",
            "password": "typed",
            "sslmode": "verify-full",
            "sslrootcert": CA_FILE,
        }
    ]


@pytest.mark.parametrize(
    ("engine", "verified"),
    [
        ("mysql", ["--ssl-mode=VERIFY_IDENTITY", f"--ssl-ca={CA_FILE}"]),
        ("valkey", ["--tls"]),
        ("redis", ["--tls"]),
        ("mongodb", ["--tls", "--tlsCAFile", CA_FILE]),
        ("kafka", ["security.protocol=SASL_SSL", f"ssl.ca.location={CA_FILE}"]),
        ("opensearch", ["--cacert", CA_FILE]),
    ],
)
def test_each_engines_client_uses_tls_and_verifies_it(engine: str, verified: list[str]) -> None:
    words = typed(engine)
    assert set(verified) <= set(words)
    assert not {"-k", "--insecure", "--tlsAllowInvalidHostnames"} & set(words)


@pytest.mark.parametrize("engine", ENGINES)
def test_what_the_api_said_cannot_leave_its_place_in_a_command(engine: str) -> None:
    words = typed(engine, database=HOSTILE)
    usual = typed(engine, database="defaultdb")
    assert len(words) == len(usual)
    if engine == "pg":
        read = conninfo_to_dict(words[1])
        assert (read["dbname"], read["sslmode"]) == (HOSTILE, "verify-full")


@pytest.mark.parametrize("engine", ENGINES)
def test_each_line_is_for_a_user_of_ones_own(engine: str) -> None:
    for way in ways(connection(engine), CA_FILE):
        assert "YOUR_USER" in way.lines
        assert "doadmin" not in way.lines


def test_the_uri_is_read_by_libpq_as_the_line_is() -> None:
    [psql, uri, _] = ways(connection(database="a b/c"), CA_FILE)

    assert conninfo_to_dict(uri.lines) == conninfo_to_dict(shlex.split(psql.lines)[1])


def test_the_certificate_is_saved_as_it_is_by_a_shell(tmp_path: Path) -> None:
    lines = saving(CA_CERTIFICATE, CA_FILE)

    subprocess.run(["/bin/sh", "-c", lines], cwd=tmp_path, check=True)

    assert (tmp_path / CA_FILE).read_text() == CA_CERTIFICATE


@pytest.mark.parametrize(
    "pem", ["", "EOF\nrm -rf ~\n", CA_CERTIFICATE + "EOF\nrm -rf ~\n", "x" + CA_CERTIFICATE]
)
def test_what_is_no_certificate_gets_no_line_for_a_shell(pem: str) -> None:
    assert saving(pem, CA_FILE) == ""


@pytest.mark.parametrize("engine", ["pg", "mysql"])
def test_a_cluster_without_a_database_is_connected_to_without_one(engine: str) -> None:
    assert not [
        word for word in typed(engine, database="") if "database" in word or "dbname" in word
    ]


def test_an_engine_that_is_new_has_no_lines() -> None:
    assert ways(connection("duck"), CA_FILE) == []


@pytest.mark.parametrize("engine", ENGINES)
def test_only_a_public_authority_needs_no_ca_file(engine: str) -> None:
    assert connection(engine).needs_ca_file is (engine not in {"redis", "valkey"})


def test_no_line_of_a_certificate_ends_the_lines_to_paste() -> None:
    begin, end = "-----BEGIN CERTIFICATE-----", "-----END CERTIFICATE-----"
    pem = f"{begin}\nAAAA\nEOF\n/sbin/reboot\nAAAA\n{end}\n"

    lines = saving(pem, CA_FILE).splitlines()

    delimiter = lines[-1]
    assert lines[0].endswith(f"<<'{delimiter}'")
    assert lines.count(delimiter) == 1
    assert not re.fullmatch(r"[A-Za-z0-9+/=]+", delimiter)
