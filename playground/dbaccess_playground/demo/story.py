"""The story in the terminal: one request, from the command to the rule's removal."""

import logging
import re
import tempfile
import threading
from collections.abc import Callable
from pathlib import Path
from time import monotonic
from typing import Any

from rich.console import Console
from rich.padding import Padding
from rich.text import Text
from sqlmodel import select

from bot.clock import FastClock
from bot.domain.lifecycle import GrantState
from bot.logs import set_up_logs
from bot.service import Service
from bot.store import job_list
from bot.store.database import Database
from bot.store.tables import GrantRow
from dbaccess_playground.demo import company
from dbaccess_playground.demo.company import ALICE, APPROVALS, BOB, GENERAL, ORDERS, OSCAR, RITA
from dbaccess_playground.digitalocean.clusters import Change as RulesChange
from dbaccess_playground.digitalocean.sandbox import SandboxDigitalOcean
from dbaccess_playground.slack.conversations import Message
from dbaccess_playground.slack.sandbox import SandboxSlack
from dbaccess_playground.slack.workspace import Change

ADDRESS = "203.0.113.4"
_LONGEST_SECONDS = 60.0
_INDENT = 9
_DATE = re.compile(r"<!date\^[^|]*\|([^>]*)>")
_USER = re.compile(r"<@(\w+)>")
_CHANNEL = re.compile(r"<#(\w+)>")
_EMOJI = re.compile(r":[a-z_]+: ?")


def tell_story(*, rate: float) -> bool:
    """Play the story with a clock that runs *rate* times as fast; return whether all went well."""
    set_up_logs("console", level=logging.WARNING)
    with tempfile.TemporaryDirectory() as folder:
        clock = FastClock()
        digitalocean, slack = SandboxDigitalOcean(clock=clock.now), SandboxSlack()
        company.add_people(slack)
        company.add_clusters(digitalocean)
        with digitalocean, slack:
            settings = company.settings(Path(folder), slack, digitalocean)
            service = Service(settings, company.policy(orders_approvals=2), clock=clock)
            records = Database(settings.database_url)
            service.start(migrate=True)
            slack.bot_url = service.url
            try:
                return _Story(slack, digitalocean, clock, rate, records).tell()
            finally:
                service.stop()
                records.close()


class _Story:
    def __init__(
        self,
        slack: SandboxSlack,
        digitalocean: SandboxDigitalOcean,
        clock: FastClock,
        rate: float,
        records: Database,
    ) -> None:
        self._slack = slack
        self._digitalocean = digitalocean
        self._clock = clock
        self._rate = rate
        self._records = records
        self._console = Console(highlight=False)
        self._printing = threading.Lock()
        self._told: set[tuple[str, str]] = set()

    def tell(self) -> bool:
        self._slack.subscribe(self._show_slack)
        self._digitalocean.subscribe(self._show_digitalocean)
        self._title("The cluster `orders` trusts", _listed(self._sources()))
        self._types(RITA, f"request {ADDRESS} 20m orders fixing the nightly job")
        self._wait_for(lambda: self._cards(), "the approval message")
        self._presses(OSCAR, "Approve")
        self._wait_for(lambda: self._slack.ephemerals(OSCAR), "the refusal")
        self._presses(ALICE, "Approve")
        self._wait_for(lambda: self._cards()[-1].edited, "the first approval")
        pressed = monotonic()
        self._presses(BOB, "Approve")
        self._wait_for(lambda: f"ip_addr:{ADDRESS}" in self._sources(), "the rule")
        seconds = monotonic() - pressed
        self._wait_for(lambda: self._slack.dms(RITA), "the message that access is open")
        self._title(
            f"From the last click to the rule: {seconds * 1000:.0f} ms. Now 20 minutes pass, and "
            f"the clock runs {self._rate:g} times as fast …"
        )
        self._clock.rate = self._rate
        self._wait_for(lambda: f"ip_addr:{ADDRESS}" not in self._sources(), "the end")
        self._clock.rate = 1
        self._wait_for(self._everything_is_delivered, "the last message")
        self._title("The cluster `orders` trusts", _listed(self._sources()))
        problems = self._slack.problems
        self._title(f"Faults that Slack found: {', '.join(problems) or 'none'}.")
        return not problems and not self._digitalocean.ever_empty(ORDERS)

    def _types(self, user: str, text: str) -> None:
        self._say(company.PEOPLE[user], "cyan", f"/dbaccess {text}", where=GENERAL)
        self._slack.command(user, text, channel_id=GENERAL)

    def _presses(self, user: str, button: str) -> None:
        self._say(company.PEOPLE[user], "cyan", f"presses [{button}]", where=APPROVALS)
        self._slack.click(user, self._cards()[-1], button)

    def _show_slack(self, change: Change) -> None:
        message = change.thing
        if change.event not in ("message", "update", "ephemeral") or not isinstance(
            message, Message
        ):
            return
        known = (message.channel + message.ts, message.text)
        if known in self._told:
            return
        self._told.add(known)
        only = f"only {company.PEOPLE.get(message.ephemeral_to or '', '')}"
        where = only if message.ephemeral_to else message.channel
        thread = " (thread)" if message.thread_ts not in (None, message.ts) else ""
        edited = " (updated)" if message.versions else ""
        buttons = "".join(f" [{button}]" for button in message.buttons)
        text = message.text.split("\nButtons:")[0]
        self._say(f"dbaccess{thread}{edited}", "green", text + buttons, where=where)

    def _show_digitalocean(self, event: Any) -> None:
        if isinstance(event, RulesChange):
            name = company.CLUSTERS[event.cluster_id]
            trusted = _listed({f"{r['type']}:{r['value']}" for r in event.rules})
            self._say("DigitalOcean", "magenta", f"{name} trusts {trusted}", where="firewall")

    def _say(self, who: str, colour: str, text: str, *, where: str) -> None:
        place = company.CHANNELS.get(where, where)
        place = f"#{place}" if where in company.CHANNELS else place
        place = "direct message" if place.startswith("D") and place.isupper() else place
        line = Text(f"{self._clock.now():%H:%M:%S} ", style="dim")
        line.append(f"{who}", style=f"bold {colour}").append(f" · {place}", style="dim")
        with self._printing:
            self._console.print(line)
            self._console.print(Padding(Text(_plain(text)), (0, 0, 0, _INDENT)))

    def _title(self, *parts: str) -> None:
        with self._printing:
            self._console.print(Text(" ".join(parts), style="bold yellow"))

    def _wait_for(self, happened: Callable[[], object], what: str) -> None:
        until = monotonic() + _LONGEST_SECONDS
        pause = threading.Event()
        while not happened():
            if monotonic() > until:
                raise TimeoutError(f"{what} never came")
            pause.wait(0.02)

    def _cards(self) -> list[Message]:
        return self._slack.messages(APPROVALS, replies=False)

    def _everything_is_delivered(self) -> bool:
        """Return whether access has ended, and every message about it has arrived."""
        with self._records.reading() as session:
            states = session.exec(select(GrantRow.state)).all()
            waiting = job_list.waiting(session, self._clock.now())
        return set(states) == {GrantState.ENDED} and not waiting

    def _sources(self) -> set[str]:
        return self._digitalocean.sources(ORDERS)


def _listed(sources: set[str]) -> str:
    return ", ".join(sorted(sources))


def _plain(text: str) -> str:
    """Return a message as a terminal shows it."""
    text = _DATE.sub(r"\1", text)
    text = _USER.sub(lambda match: "@" + company.PEOPLE.get(match[1], match[1]), text)
    text = _CHANNEL.sub(lambda match: "#" + company.CHANNELS.get(match[1], match[1]), text)
    text = _EMOJI.sub("", text).replace("*", "")
    return text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")
