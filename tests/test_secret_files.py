"""Secrets in files, as Docker, Kubernetes and systemd hand them over (P8)."""

import re
import traceback
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

from bot import __version__
from bot.config import ConfigError, Settings, load_settings
from bot.secret_files import NAMES

VALUES = {
    "SLACK_BOT_TOKEN": "xoxb-from-a-file",
    "SLACK_SIGNING_SECRET": "signing-from-a-file",
    "SLACK_APP_TOKEN": "xapp-from-a-file",
    "DIGITALOCEAN_TOKEN": "dop_v1_from_a_file",
    "DATABASE_URL": "postgresql://bot:from-a-file@db.internal/access",
    "DBACCESS_AUDIT_KEY": "0123456789abcdef0123456789abcdef",
    "DBACCESS_STREAM_SECRET": "whsec_ZnJvbS1hLWZpbGUtZm9yLXRoZS1zdHJlYW0=",
}
Named = Callable[..., Path]


@pytest.fixture(autouse=True)
def nothing_else(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in Settings.model_fields:
        monkeypatch.delenv(name.upper(), raising=False)
        monkeypatch.delenv(f"{name.upper()}_FILE", raising=False)
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Named:
    """Write a file, and have the environment name it."""

    def write(name: str, content: str | bytes) -> Path:
        file = tmp_path / name.lower()
        file.write_bytes(content.encode() if isinstance(content, str) else content)
        monkeypatch.setenv(f"{name}_FILE", str(file))
        return file

    return write


@pytest.fixture
def all_named(named: Named) -> None:
    for name, value in VALUES.items():
        named(name, value)


def problems() -> list[str]:
    with pytest.raises(ConfigError) as error:
        load_settings()
    shown = "".join(traceback.format_exception(error.value))
    assert not any(value in shown for value in VALUES.values())
    return [one for one in error.value.problems if "is missing" not in one]


def test_each_secret_has_a_variable_for_its_file() -> None:
    kept_secret = {n for n, field in Settings.model_fields.items() if "Secret" in str(field)}

    kept_secret.remove("session_logins")  # as many as one likes: tests/sessions/test_logins.py
    assert set(NAMES) == kept_secret | {"database_url"} == {name.lower() for name in VALUES}


@pytest.mark.parametrize("end", ["", "\n", "\r\n"])
def test_every_secret_is_read_from_its_file_without_the_line_break_at_its_end(
    named: Named, end: str
) -> None:
    for name, value in VALUES.items():
        named(name, value + end)

    settings = load_settings()

    hidden = settings.secrets()
    assert {VALUES[name] for name in VALUES if name != "DATABASE_URL"} <= set(hidden)
    assert "from-a-file" in hidden
    assert settings.slack_bot_token.get_secret_value() == VALUES["SLACK_BOT_TOKEN"]
    assert settings.database_url == "postgresql+psycopg://bot:from-a-file@db.internal/access"


def test_the_env_file_may_name_files_too(
    all_named: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lines = []
    for name in VALUES:
        monkeypatch.delenv(f"{name}_FILE")
        lines.append(f"{name}_FILE={tmp_path / name.lower()}")
    (tmp_path / ".env").write_text("\n".join(lines))

    assert load_settings().slack_signing_secret.get_secret_value() == "signing-from-a-file"


@pytest.mark.parametrize("in_env_file", [True, False])
def test_a_secret_and_its_file_at_once_are_a_fault(
    all_named: None, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, in_env_file: bool
) -> None:
    if in_env_file:
        (tmp_path / ".env").write_text("DIGITALOCEAN_TOKEN=dop_v1_other")
    else:
        monkeypatch.setenv("DIGITALOCEAN_TOKEN", "dop_v1_other")

    assert problems() == [
        "environment: DIGITALOCEAN_TOKEN: DIGITALOCEAN_TOKEN_FILE is set, too: keep one of them"
    ]


def test_an_empty_variable_beside_a_file_is_an_unset_one(
    all_named: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DIGITALOCEAN_TOKEN", "")
    monkeypatch.setenv("SLACK_APP_TOKEN_FILE", "")

    assert load_settings().digitalocean_token.get_secret_value() == "dop_v1_from_a_file"
    assert load_settings().slack_app_token is None


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("", "which is empty"),
        ("\n", "which is empty"),
        ("xoxb-1\nxoxb-2\n", "which has several lines"),
        (b"xoxb-\xff", "which is no text"),
        ("xoxb-your-bot-token", "is still the example's placeholder"),
    ],
)
def test_a_file_that_gives_no_secret_is_named_and_not_its_content(
    all_named: None, named: Named, content: str | bytes, words: str
) -> None:
    file = named("SLACK_BOT_TOKEN", content)

    [problem] = problems()

    assert problem.startswith("environment: SLACK_BOT_TOKEN: ")
    assert words in problem
    assert "placeholder" in words or f"SLACK_BOT_TOKEN_FILE names {file}" in problem
    assert "xoxb-1" not in problem


def test_all_files_that_cannot_be_read_are_reported_at_once(
    all_named: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "slack_bot_token").unlink()
    monkeypatch.setenv("DATABASE_URL_FILE", str(tmp_path))

    gone = tmp_path / "slack_bot_token"
    assert problems() == [
        f"environment: {problem}"
        for problem in (
            f"SLACK_BOT_TOKEN: SLACK_BOT_TOKEN_FILE names {gone}: No such file or directory",
            f"DATABASE_URL: DATABASE_URL_FILE names {tmp_path}: Is a directory",
        )
    ]


# What docs/running/secrets.md shows.

ROOT = Path(__file__).parents[1]
PAGE = (ROOT / "docs/running/secrets.md").read_text()
OF_INIT = set(VALUES) - {"DATABASE_URL", "DBACCESS_STREAM_SECRET"}
COMPOSE = yaml.safe_load((ROOT / "docs/running/compose.yaml").read_text())
VARIABLES = {f"{name}_FILE" for name in VALUES}


def test_the_example_for_systemd_names_the_credentials_that_it_loads() -> None:
    unit = (ROOT / "docs/running/secrets.conf").read_text()
    loaded = dict(re.findall(r"^LoadCredential=(\w+):(.+)$", unit, re.MULTILINE))
    named = dict(re.findall(r"^Environment=(\w+)=%d/(\w+)$", unit, re.MULTILINE))

    assert set(named) == {f"{name}_FILE" for name in OF_INIT}
    assert set(named.values()) == set(loaded)
    assert all(f"install -m 600 /dev/stdin {file}" in PAGE for file in loaded.values())
    assert all(name == f"{credential.upper()}_FILE" for name, credential in named.items())


def test_the_example_for_compose_names_the_secrets_that_it_mounts() -> None:
    service = COMPOSE["services"]["dbaccess"]

    assert set(service["environment"]) == {f"{name}_FILE" for name in OF_INIT}
    assert set(service["environment"].values()) == {
        f"/run/secrets/{name}" for name in service["secrets"]
    }
    assert set(service["secrets"]) == set(COMPOSE["secrets"])


def test_the_example_for_compose_runs_what_the_script_for_docker_runs() -> None:
    script = (ROOT / "docs/running/docker-run.sh").read_text()
    service = COMPOSE["services"]["dbaccess"]

    policy, data = service["volumes"]
    assert f'-v "$PWD/{policy.removeprefix("./")}"' in script
    assert f"-v {COMPOSE['volumes'][data.split(':')[0]]['name']}:/data" in script
    assert f"-p {service['ports'][0]}" in script
    assert f"--name {service['container_name']}" in script
    assert f"--restart {service['restart']}" in script
    assert f"--stop-timeout {service['stop_grace_period'].removesuffix('s')}" in script
    assert "--read-only" in script
    assert service["read_only"]
    assert service["cap_drop"] == ["ALL"]


def test_the_image_has_one_tag_in_all_documents() -> None:
    pages = [*(ROOT / "docs").rglob("*.md"), ROOT / "docs/running/compose.yaml"]
    untagged = re.compile(r"(?:FROM|image:|docker run\b.*?) dbaccess(?: |$)", re.MULTILINE)
    assert not [str(page) for page in pages if untagged.search(page.read_text())]
    assert COMPOSE["services"]["dbaccess"]["image"] == f"dbaccess:{__version__}"


def test_the_manifests_for_kubernetes_name_files_below_what_they_mount() -> None:
    folder = ROOT / "docs/running/kubernetes"
    shared = yaml.safe_load((folder / "env.yaml").read_text())["data"]
    files = {name: path for name, path in shared.items() if name.endswith("_FILE")}

    assert set(files) <= VARIABLES
    assert {path.rpartition("/")[0] for path in files.values()} == {
        line.split("mountPath: ")[1].split(",")[0]
        for line in (folder / "worker.yaml").read_text().splitlines()
        if "name: secrets, mountPath" in line
    }
