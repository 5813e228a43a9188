"""The examples for Caddy and nginx, in the real ones, before a bot that Slack calls."""

import os
import re
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import requests

from bot.web.api.waiting import LONGEST_SECONDS
from tests.installed import needed
from tests.postgresql import free_port
from tests.scenarios.open_world import OpenWorld
from tests.scenarios.world import IP, RITA
from tests.waiting import eventually

PATH = f"{os.environ['PATH']}:/usr/sbin"  # where Debian has nginx
RUNNING = Path(__file__).parents[2] / "docs" / "running"
MAIN = """\
pid {folder}/pid;
error_log stderr;
master_process off;
daemon off;
events {{}}
http {{
    access_log off;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    include {folder}/dbaccess.conf;
}}
"""
Opens = Callable[..., OpenWorld]


def nginx(folder: Path, port: int, *behind: str) -> list[str]:
    """Return the command that serves the example on *port*, without TLS, for bots *behind*."""
    example = (RUNNING / "nginx.conf").read_text()
    served = example.replace("listen 443 ssl;", f"listen 127.0.0.1:{port};")
    servers = "".join(f"server {one}; " for one in behind)
    served = served.replace("server 127.0.0.1:3000;", servers)
    served = re.sub(r"^ *ssl_.*$", "", served, flags=re.MULTILINE)
    assert example.count("ssl") - served.count("ssl") >= 3
    (folder / "dbaccess.conf").write_text(served)
    (folder / "nginx.conf").write_text(MAIN.format(folder=folder))
    return ["nginx", "-e", "stderr", "-p", str(folder), "-c", str(folder / "nginx.conf")]


def caddy(folder: Path, port: int, *behind: str) -> list[str]:
    """As `nginx`."""
    example = (RUNNING / "Caddyfile").read_text()
    served = example.replace("dbaccess.example.com", f"http://127.0.0.1:{port}")
    served = served.replace("reverse_proxy 127.0.0.1:3000", f"reverse_proxy {' '.join(behind)}")
    assert served.count(behind[0]) == 1
    if len(behind) > 1:
        assert served.count("# health_") == 2
        served = served.replace("# health_", "health_")
    (folder / "Caddyfile").write_text("{\n\tadmin off\n\tauto_https off\n}\n" + served)
    return ["caddy", "run", "--config", str(folder / "Caddyfile"), "--adapter", "caddyfile"]


@contextmanager
def served(command: list[str], folder: Path, port: int) -> Iterator[str]:
    """Run a proxy; its address."""
    env = {"PATH": PATH, "HOME": str(folder)}
    with (folder / "said").open("w") as said:
        proxy = subprocess.Popen(command, cwd=folder, env=env, stdout=said, stderr=said)
        url = f"http://127.0.0.1:{port}"

        def answers() -> bool:
            assert proxy.poll() is None, (folder / "said").read_text()
            try:
                return requests.get(f"{url}/healthz", timeout=5).status_code == 404
            except requests.ConnectionError:
                return False

        try:
            eventually(answers)
            yield url
        finally:
            proxy.terminate()
            proxy.wait(timeout=30)


@pytest.fixture(params=[nginx, caddy], ids=["nginx", "Caddy"])
def proxy(request: pytest.FixtureRequest) -> Callable[..., list[str]]:
    """What makes the command of one of them."""
    make: Callable[..., list[str]] = request.param
    needed(make.__name__, {"nginx": "nginx-light", "caddy": "caddy"}[make.__name__])
    return make


@pytest.fixture
def proxied(
    proxy: Callable[..., list[str]], opens: Opens, tmp_path: Path
) -> Iterator[tuple[OpenWorld, str]]:
    """A bot that is reached through one proxy, and the address of that."""
    world, port = opens(proxies=1), free_port()
    behind = str(urlsplit(world.service.url).netloc)
    with served(proxy(tmp_path, port, behind), tmp_path, port) as url:
        yield world, url


def test_slack_gets_through_and_monitoring_does_not(proxied: tuple[OpenWorld, str]) -> None:
    world, url = proxied
    world.slack.bot_url = url

    answer = world.slack.command(RITA, "help", channel_id="C0GENERAL")

    assert answer.error is None
    assert "/dbaccess request" in answer.text
    for path in ("/metrics", "/readyz", "/healthz", "/slack/", "/"):
        assert requests.get(url + path, timeout=30).status_code == 404
    unsigned = requests.post(f"{url}/slack/events", data={"command": "/dbaccess"}, timeout=30)
    assert unsigned.status_code == 401


def test_a_machine_gets_through_with_what_it_sends(proxied: tuple[OpenWorld, str]) -> None:
    _, url = proxied
    document = requests.get(f"{url}/v1/openapi.json", timeout=30).json()
    assert "/v1/requests" in document["paths"]
    for call in (requests.get, requests.delete):
        refused = call(f"{url}/v1/requests/1", headers={"Authorization": "Bearer x"}, timeout=30)
        assert refused.status_code == 401
        assert refused.headers["WWW-Authenticate"] == "Bearer"


def test_nginx_waits_as_long_as_a_machine_may() -> None:
    example = (RUNNING / "nginx.conf").read_text()
    [seconds] = re.findall(r"location /v1/ +{ proxy_read_timeout (\d+)s;", example)
    assert int(seconds) > LONGEST_SECONDS


def test_no_browser_can_say_that_it_comes_from_elsewhere(proxied: tuple[OpenWorld, str]) -> None:
    world, url = proxied
    token = world.link()

    page = requests.get(f"{url}/ip/{token}", headers={"X-Forwarded-For": IP}, timeout=30)

    assert page.status_code == 200
    assert "127.0.0.1 is a loopback address" in page.text  # where this test really comes from


def test_a_click_reaches_the_other_while_one_is_restarted(
    proxy: Callable[..., list[str]], opens: Opens, tmp_path: Path
) -> None:
    world, port = opens(proxies=1), free_port()
    gone, alive = f"127.0.0.1:{free_port()}", str(urlsplit(world.service.url).netloc)
    with served(proxy(tmp_path, port, gone, alive), tmp_path, port) as url:
        world.slack.bot_url = url
        for _ in range(4):  # they take turns
            answer = world.slack.command(RITA, "help", channel_id="C0GENERAL")
            assert (answer.error, "/dbaccess request" in answer.text) == (None, True)
