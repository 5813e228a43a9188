"""The bot in processes of its own, between the sandboxes, in real time."""

import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import requests

import bot
from dbaccess_playground.digitalocean.sandbox import SandboxDigitalOcean
from dbaccess_playground.slack.conversations import Message
from dbaccess_playground.slack.sandbox import SandboxSlack
from tests.scenarios.world import (
    ACK_SECONDS,
    ALICE,
    APPROVALS,
    BACKEND,
    IP,
    OFFICE,
    OPERATIONS,
    ORDERS,
    RITA,
)
from tests.storage import SqliteStorage, Storage
from tests.waiting import eventually
from tests.warm_processes import WarmProcess

DBACCESS = (sys.executable, "-c", "from bot.cli import main; main()")
TRUSTED = f"ip_addr:{IP}"
FOREIGN = {"ip_addr:198.51.100.7", "tag:backend"}
CONFIG = f"""
instance = "test"
operators = "{OPERATIONS}"

[defaults]
channel = "{APPROVALS}"
approvers = ["{ALICE}"]
min_duration = "1s"
warn_before = "2s"

[clusters.orders]
id = "{ORDERS}"
"""


class Process:
    """One process of the bot; what it logs is read as it comes.

    It starts warm, or by its command line itself where a test wants to see just that.
    """

    def __init__(
        self, command: Sequence[str], folder: Path, env: dict[str, str], *, warm: bool = True
    ) -> None:
        assert command[0] == sys.executable or not warm
        self._popen: WarmProcess | subprocess.Popen[str] = (
            WarmProcess(command[1:], folder, env)
            if warm
            else subprocess.Popen(
                command,
                cwd=folder,
                env=env,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.PIPE,
                text=True,
            )
        )
        self.lines: list[str] = []
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    @property
    def pid(self) -> int:
        """Its number."""
        return self._popen.pid

    @property
    def lives(self) -> bool:
        """Whether it is still there."""
        return self._popen.poll() is None

    @property
    def stands_still(self) -> bool:
        """Whether it was frozen, by whoever it was."""
        stat = Path(f"/proc/{self._popen.pid}/stat").read_text()
        return stat.rpartition(")")[2].split()[0] == "T"

    def freeze(self) -> None:
        """Let it stand still, as a paused machine does."""
        self._popen.send_signal(signal.SIGSTOP)
        eventually(lambda: self.stands_still)

    def thaw(self) -> None:
        """Let it go on where it stood."""
        self._popen.send_signal(signal.SIGCONT)

    def hang_up(self) -> None:
        """Send what makes it read its policy again."""
        self._popen.send_signal(signal.SIGHUP)

    def said(self, event: str) -> list[dict[str, object]]:
        """What it has logged under that name, oldest first."""
        logged = [json.loads(line) for line in list(self.lines) if line.startswith("{")]
        return [one for one in logged if one["event"] == event]

    @property
    def address(self) -> str | None:
        """Where it answers, if it has said so."""
        return next((str(event["url"]) for event in self.said("started")), None)

    def url(self) -> str:
        """Where it answers, once it has said so."""

        def started() -> str | None:
            assert self.lives, self.lines
            return self.address

        return eventually(started)

    def terminate(self) -> int:
        """Ask it to stop; the exit code."""
        self._popen.terminate()
        return self._ended()

    def kill(self) -> None:
        """Let it die where it stands."""
        self._popen.kill()
        self._ended()

    def _ended(self) -> int:
        code = self._popen.wait(timeout=20)
        self._reader.join(timeout=30)
        return code

    def _read(self) -> None:
        assert self._popen.stderr is not None
        with self._popen.stderr as stderr:
            self.lines.extend(stderr)


class Place:
    """A folder with a configuration, between the sandboxes, and the processes started there."""

    def __init__(self, folder: Path, storage: Storage | None = None) -> None:
        self.folder = folder
        self.storage = storage or SqliteStorage(folder)
        self.slack = SandboxSlack()
        self.digitalocean = SandboxDigitalOcean()
        self.digitalocean.add_cluster("orders", cluster_id=ORDERS, rules=[OFFICE, BACKEND])
        for user in (RITA, ALICE):
            self.slack.add_user(user, user[2:].lower())
        for channel in (APPROVALS, OPERATIONS, "C0GENERAL"):
            self.slack.add_channel(channel, channel[2:].lower())
        self.slack.ack_seconds = ACK_SECONDS
        self.configure(CONFIG)
        self.processes: list[Process] = []

    def configure(self, text: str) -> None:
        (self.folder / "dbaccess.toml").write_text(text)

    @property
    def env(self) -> dict[str, str]:
        return {
            "PATH": os.environ["PATH"],
            "PYTHONPATH": str(Path(bot.__file__).parent.parent),  # this very bot, installed or not
            "SLACK_BOT_TOKEN": self.slack.bot_token,
            "SLACK_SIGNING_SECRET": self.slack.signing_secret,
            "SLACK_API_URL": self.slack.api_url,
            "DIGITALOCEAN_TOKEN": self.digitalocean.token,
            "DIGITALOCEAN_API_URL": self.digitalocean.url,
            "DATABASE_URL": self.storage.url,
            "LOG_FORMAT": "json",
            "PORT": "0",
        }

    def begin(self, command: str, **env: str) -> Process:
        """Start a process, ready or not."""
        return self.begin_with([*DBACCESS, command], env)

    def begin_with(
        self, command: Sequence[str], env: dict[str, str] | None = None, *, warm: bool = True
    ) -> Process:
        """Start a process by its whole command line."""
        self.processes.append(Process(command, self.folder, self.env | (env or {}), warm=warm))
        return self.processes[-1]

    def serve(self, command: str = "serve", *, warm: bool = True, **env: str) -> Process:
        """Start what answers Slack, and wait until it is ready."""
        process = self.begin_with([*DBACCESS, command], env, warm=warm)
        self.slack.bot_url = process.url()
        eventually(lambda: requests.get(f"{self.slack.bot_url}/readyz", timeout=30).ok)
        return process

    def run(self, *arguments: str, **env: str) -> subprocess.CompletedProcess[str]:
        """Run a command to its end, and return what it printed."""
        command = [*DBACCESS[1:], *arguments]
        process = WarmProcess(command, self.folder, self.env | env, heard=True)
        with process.stdout, process.stderr, ThreadPoolExecutor(2) as readers:
            printed = [readers.submit(file.read) for file in (process.stdout, process.stderr)]
            code = process.wait(60)
            return subprocess.CompletedProcess(arguments, code, *(p.result() for p in printed))

    def types(self, text: str) -> str:
        answer = self.slack.command(RITA, text, channel_id="C0GENERAL")
        assert answer.error is None
        return answer.text

    def reads(self, text: str) -> str:
        """Let Rita type a command; return the answer, whether it comes at once or later."""
        before = len(self.slack.ephemerals(RITA))
        self.types(text)
        return eventually(lambda: self._answer(before))

    def _answer(self, before: int) -> str | None:
        said = [message.all_text for message in self.slack.ephemerals(RITA)[before:]]
        return said[0] if said else None

    def card(self) -> Message:
        return eventually(lambda: self.slack.messages(APPROVALS, replies=False))[-1]

    def sources(self) -> set[str]:
        return self.digitalocean.sources(ORDERS)

    def told(self, words: str) -> int:
        return sum(
            any(words in text for text in message.all_versions) for message in self.slack.dms(RITA)
        )

    def lend(self, duration: str) -> None:
        """Let Rita ask and Alice approve, and wait until it works and she knows."""
        self.types(f"request {IP} {duration} orders")
        assert self.slack.click(ALICE, self.card(), "Approve").error is None
        self.until_it_works()

    def until_it_works(self, cluster_id: str = ORDERS) -> None:
        eventually(lambda: self.told("You can connect"))
        written = [rules for _, rules in self.digitalocean.history(cluster_id)]
        assert any(rule["value"] == IP for rules in written for rule in rules)

    def until_it_ended(self) -> None:
        eventually(lambda: self.told("has ended") or self.told("was ended"))
        assert self.sources() == FOREIGN
