"""What `make release` makes: the same bytes each time, checksums, and a list of what is inside."""

import hashlib
import json
import os
import re
import subprocess
import tarfile
import zipfile
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from bot import __version__
from tests.installed import needed
from tests.test_setup import RUNNING, pins

ROOT = Path(__file__).parents[1]
PAGE = (ROOT / "docs" / "releasing.md").read_text()
TOOLS = ROOT / ".venv" / "release"
RELEASE = {
    f"dbaccess-{__version__}-py3-none-any.whl",
    f"dbaccess-{__version__}.tar.gz",
    f"dbaccess-{__version__}-requirements.txt",
    f"dbaccess-{__version__}.cdx.json",
    f"dbaccess_playground-{__version__}-py3-none-any.whl",
    "SHA256SUMS",
}
pytestmark = pytest.mark.timeout(600)  # the first run installs the tools


def make_release(folder: Path, **environment: str) -> dict[str, bytes]:
    """Each file of a release by its name; `environment` is what differs on another machine."""
    subprocess.run(
        ["make", "--silent", "release", f"RELEASE={folder}"],
        cwd=ROOT,
        env=os.environ | environment,
        check=True,
        stdout=subprocess.DEVNULL,
        umask=int(environment.get("UMASK", "022"), 8),
    )
    return {path.name: path.read_bytes() for path in folder.iterdir()}


@pytest.fixture(scope="module")
def release(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    if not (TOOLS / ".done").exists() and not os.environ.get("CI"):
        pytest.skip("`make release` has never run here, and would install its tools")
    return make_release(tmp_path_factory.mktemp("release"))


@pytest.fixture(scope="module")
def parts_list(release: dict[str, bytes]) -> dict[str, Any]:
    """The SBOM."""
    return json.loads(release[f"dbaccess-{__version__}.cdx.json"])  # type: ignore[no-any-return]


def commit_time() -> datetime:
    seconds = subprocess.check_output(["git", "log", "-1", "--format=%ct"], cwd=ROOT)
    return datetime.fromtimestamp(int(seconds), UTC)


def test_the_same_commit_makes_the_same_bytes(release: dict[str, bytes], tmp_path: Path) -> None:
    again = make_release(tmp_path, UMASK="077", TZ="Pacific/Auckland", LANG="C")

    assert set(again) == RELEASE
    assert [name for name in sorted(release) if release[name] != again[name]] == []


def test_the_checksums_are_those_of_all_other_files(release: dict[str, bytes]) -> None:
    lines = release["SHA256SUMS"].decode().splitlines()

    sums = {name: digest for digest, name in (line.split("  ") for line in lines)}
    assert sums == {
        name: hashlib.sha256(content).hexdigest()
        for name, content in release.items()
        if name != "SHA256SUMS"
    }


def test_what_is_installed_by_hash_is_what_was_tested(release: dict[str, bytes]) -> None:
    assert release[f"dbaccess-{__version__}-requirements.txt"] == RUNNING.read_bytes()


def test_the_sbom_names_each_pin_with_its_version_and_hashes(parts_list: dict[str, Any]) -> None:
    named = {one["name"]: one for one in parts_list["components"]}

    assert {name: one["version"] for name, one in named.items()} == pins(RUNNING)
    for one in named.values():
        assert one["purl"] == f"pkg:pypi/{one['name']}@{one['version']}"
        assert [reference["hashes"] for reference in one["externalReferences"]]
    written = RUNNING.read_text().count("--hash=sha256:")
    assert str(parts_list["components"]).count("'SHA-256'") == written


def test_the_sbom_says_what_it_is_of_and_of_when(parts_list: dict[str, Any]) -> None:
    whole = parts_list["metadata"]["component"]

    assert (whole["name"], whole["version"]) == ("dbaccess", __version__)
    assert datetime.fromisoformat(parts_list["metadata"]["timestamp"]) == commit_time()
    assert "serialNumber" not in parts_list, "it would differ each time"


def test_the_sbom_is_valid_by_its_schema(parts_list: dict[str, Any]) -> None:
    validate = (
        "import sys; from cyclonedx.schema import SchemaVersion as Version; "
        "from cyclonedx.validation.json import JsonStrictValidator as Validator; "
        "validator = Validator(Version.V1_6); "
        "print([validator.validate_str(bom) is None for bom in sys.stdin])"
    )
    boms = (parts_list, parts_list | {"components": [{"name": "no type"}]})
    said = subprocess.check_output(
        [str(TOOLS / "bin" / "python"), "-c", validate],
        input="\n".join(map(json.dumps, boms)),
        text=True,
    )
    assert said.strip() == "[True, False]"


def test_the_wheel_has_the_product_alone_and_the_source_what_installing_takes(
    release: dict[str, bytes], tmp_path: Path
) -> None:
    for name in (one for one in RELEASE if one.startswith(f"dbaccess-{__version__}")):
        (tmp_path / name).write_bytes(release[name])

    wheel = zipfile.ZipFile(tmp_path / f"dbaccess-{__version__}-py3-none-any.whl").namelist()
    with tarfile.open(tmp_path / f"dbaccess-{__version__}.tar.gz") as archive:
        source = archive.getnames()

    assert {name.split("/")[0] for name in wheel} == {"bot", f"dbaccess-{__version__}.dist-info"}
    within = {name.removeprefix(f"dbaccess-{__version__}/") for name in source}
    assert {"requirements.txt", ".env.example", "SECURITY.md", "docs/running/systemd.md"} <= within
    assert not {name for name in within if name.startswith(".env") and name != ".env.example"}


def test_nothing_of_a_release_is_committed() -> None:
    ignored = subprocess.run(
        ["git", "check-ignore", "dist/release/SHA256SUMS"], cwd=ROOT, check=False
    )

    assert ignored.returncode == 0


def told(beginning: str) -> str:
    """The command of the page that begins so, as somebody copies it."""
    lines = [line.strip() for line in PAGE.splitlines()]
    (found,) = {line for line in lines if line.startswith(beginning)}
    return found


def test_a_release_is_signed_and_checked_by_the_commands_of_the_page(tmp_path: Path) -> None:
    needed("ssh-keygen", "openssh-client")

    def run(command: str) -> subprocess.CompletedProcess[str]:
        home = os.environ | {"HOME": str(tmp_path)}
        return subprocess.run(
            ["bash", "-c", command], cwd=tmp_path, env=home, capture_output=True, text=True
        )

    (tmp_path / ".ssh").mkdir()
    (tmp_path / "dbaccess.whl").write_bytes(b"the wheel")
    making = (
        told("ssh-keygen -t ed25519") + " -N ''",
        told('echo "dbaccess-release'),
        "sha256sum dbaccess.whl > SHA256SUMS",
        told("ssh-keygen -Y sign"),
    )
    for command in making:
        assert run(command).returncode == 0, command
    verify, check = told("ssh-keygen -Y verify"), told("sha256sum --check --ignore-missing")

    assert 'Good "dbaccess-release" signature' in run(verify).stdout
    assert run(check).stdout == "dbaccess.whl: OK\n"

    (tmp_path / "dbaccess.whl").write_bytes(b"another")
    assert run(check).returncode != 0
    run("sha256sum dbaccess.whl > SHA256SUMS")
    assert run(check).returncode == 0
    assert run(verify).returncode != 0


def test_the_page_names_each_file_of_a_release() -> None:
    named = set(re.findall(r"^\| `([^`]+)` \|", PAGE, re.MULTILINE))

    assert named == {name.replace(__version__, "0.1.0") for name in RELEASE} | {"SHA256SUMS.sig"}


@pytest.mark.parametrize("base", ["", "python:3.13-slim-trixie"])
def test_an_image_is_built_on_no_base_without_a_digest(base: str) -> None:
    made = subprocess.run(
        ["make", "image", f"BASE={base}"], cwd=ROOT, capture_output=True, text=True
    )

    assert made.returncode != 0
    assert "BASE needs a digest" in made.stderr


def test_both_stages_of_the_image_stand_on_the_base_that_was_given(tmp_path: Path) -> None:
    digest = "python:3.13-slim-trixie@sha256:" + "0" * 64
    docker = tmp_path / "docker"  # none is installed: this one shows what it was given
    docker.write_text('#!/bin/sh\nprintf "%s\\n" "$@"\n')
    docker.chmod(0o755)
    environment = os.environ | {"PATH": f"{tmp_path}:{os.environ['PATH']}"}

    given = subprocess.check_output(
        ["make", "--silent", "image", f"BASE={digest}"], cwd=ROOT, env=environment, text=True
    )

    assert f"--build-arg\nBASE={digest}\n" in given
    assert f"-t\ndbaccess:{__version__}\n" in given
    stages = re.findall(r"^FROM (\S+)", (ROOT / "Dockerfile").read_text(), re.MULTILINE)
    assert stages == ["${BASE}", "${BASE}"]
