"""What can be done on the playground's page: as a person in Slack, a colleague, or fate."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any

from werkzeug.exceptions import BadRequest

from dbaccess_playground.digitalocean.sandbox import SandboxDigitalOcean
from dbaccess_playground.faults import Fault, Faults
from dbaccess_playground.slack.dispatch import Answer
from dbaccess_playground.slack.sandbox import SandboxSlack
from dbaccess_playground.web.person_view import Sight
from dbaccess_playground.web.setting import Bot, Clock

FASTEST = 3600.0
SLOW_SECONDS = 4.0
RETRY_AFTER_SECONDS = 5

Json = dict[str, Any]
Act = Callable[["Asked"], Json]

_FAULTS: Mapping[str, Callable[[int | None], Fault]] = {
    "slow": lambda times: Fault.slow(SLOW_SECONDS, times=times),
    "429": lambda times: Fault.status(429, retry_after=RETRY_AFTER_SECONDS, times=times),
    "500": lambda times: Fault.status(500, times=times),
    "hang": lambda times: Fault.hang(times=times),
    "lost_answer": lambda times: Fault.lost_answer(times=times),
    "lost_write": lambda times: Fault.lost_answer(method="PUT", times=times),
}


class Asked:
    """The body of a request, read field by field; BadRequest for one that is not as it must be."""

    def __init__(self, body: object) -> None:
        if not isinstance(body, dict):
            raise BadRequest("not a JSON object")
        self._body = body

    def has(self, name: str) -> bool:
        """Whether there is such a field."""
        return name in self._body

    def text(self, name: str) -> str:
        """A text that must be there."""
        value = self._body.get(name)
        if not isinstance(value, str):
            raise BadRequest(f"{name} must be a text")
        return value

    def text_or_none(self, name: str) -> str | None:
        """A text that may be missing."""
        return None if self._body.get(name) is None else self.text(name)

    def number(self, name: str) -> float:
        """A finite number."""
        value = self._body.get(name)
        if (
            isinstance(value, bool)
            or not isinstance(value, int | float)
            or not math.isfinite(value)
        ):
            raise BadRequest(f"{name} must be a number")
        return float(value)

    def times(self) -> int | None:
        """How often a fault strikes; null for as long as it is there."""
        return None if self._body.get("times") is None else int(self.number("times"))

    def values(self) -> dict[str, Any]:
        """What a form was filled in with."""
        value = self._body.get("values")
        if not isinstance(value, dict):
            raise BadRequest("values must be an object")
        return value


class Acts:
    """Does what the page asks for; `by_name` is what it can ask for."""

    def __init__(
        self,
        slack: SandboxSlack,
        digitalocean: SandboxDigitalOcean,
        clock: Clock,
        sight: Sight,
        *,
        bot: Bot | None = None,
    ) -> None:
        self._slack = slack
        self._digitalocean = digitalocean
        self._clock = clock
        self._sight = sight
        self._bot = bot
        self.by_name: Mapping[str, Act] = {
            "command": self.command,
            "shortcut": self.shortcut,
            "say": self.say,
            "press": self.press,
            "press_in_view": self.press_in_view,
            "submit": self.submit,
            "close": self.close,
            "suggest": self.suggest,
            "home": self.home,
            "read": self.read,
            "add_source": self.add_source,
            "remove_source": self.remove_source,
            "add_fault": self.add_fault,
            "clear_faults": self.clear_faults,
            "clock": self.set_clock,
            "bot": self.switch_bot,
        }

    def command(self, asked: Asked) -> Json:
        """Type a slash command."""
        text = asked.text("text").strip()
        person, channel = asked.text("person"), asked.text("channel")
        what = f"/dbaccess {text}".strip()
        return self._brought(what, lambda: self._slack.command(person, text, channel_id=channel))

    def shortcut(self, asked: Asked) -> Json:
        """Choose a global shortcut."""
        person, name = asked.text("person"), asked.text("name")
        return self._brought(f"shortcut {name}", lambda: self._slack.shortcut(person, name))

    def say(self, asked: Asked) -> Json:
        """Write a message that is no command."""
        message = self._slack.say(
            asked.text("person"),
            asked.text("channel"),
            asked.text("text"),
            thread_ts=asked.text_or_none("thread_ts"),
        )
        return {"ts": message.ts}

    def press(self, asked: Asked) -> Json:
        """Press a button, or choose something, in a message."""
        person, name = asked.text("person"), asked.text("name")
        message = self._slack.message(asked.text("channel"), asked.text("ts"))
        if not self._sight.sees(person, message):
            raise LookupError("that message is not before this person")
        value = asked.text_or_none("value")
        return self._brought(
            f"press {name}", lambda: self._slack.click(person, message, name, value=value)
        )

    def press_in_view(self, asked: Asked) -> Json:
        """Press a button, or choose something, in a modal or on the Home tab.

        With `values`, that is what the modal is filled in with so far.
        """
        person, name = asked.text("person"), asked.text("name")
        if asked.has("values"):
            self._slack.fill_in(person, self._still_there(person, asked.values()))
        view = {"id": asked.text("view")}
        value = asked.text_or_none("value")
        return self._brought(
            f"press {name}", lambda: self._slack.click(person, view, name, value=value)
        )

    def submit(self, asked: Asked) -> Json:
        """Send the modal off."""
        person = asked.text("person")
        values = self._still_there(person, asked.values())
        answers: list[Answer] = []

        def submit() -> Answer:
            answers.append(self._slack.submit(person, values))
            return answers[-1]

        return {**self._brought("submit form", submit), "errors": answers[-1].errors}

    def close(self, asked: Asked) -> Json:
        """Close the modal."""
        self._slack.close_modal(asked.text("person"))
        return {}

    def suggest(self, asked: Asked) -> Json:
        """Ask the bot what it offers for what was typed into a menu."""
        person, field = asked.text("person"), asked.text("field")
        return {"options": self._slack.suggest(person, field, asked.text("typed"))}

    def home(self, asked: Asked) -> Json:
        """Open the Home tab."""
        person = asked.text("person")
        return self._brought("open Home", lambda: self._slack.open_home(person))

    def read(self, asked: Asked) -> Json:
        """Have read a channel up to a message."""
        person, channel = asked.text("person"), asked.text("channel")
        try:
            return {"news": self._sight.reading.read(person, channel, asked.text("ts"))}
        except ValueError:
            raise BadRequest("ts must be a timestamp") from None

    def add_source(self, asked: Asked) -> Json:
        """Add a trusted source, as somebody with `doctl` or in the control panel does."""
        cluster, kind, value = (
            asked.text("cluster"),
            asked.text("type"),
            asked.text("value").strip(),
        )
        if asked.text("with") == "doctl":
            self._digitalocean.doctl_append(cluster, kind, value)
        else:
            description = asked.text_or_none("description") or None
            self._digitalocean.add_rule(cluster, kind, value, description)
        return {}

    def remove_source(self, asked: Asked) -> Json:
        """Remove a trusted source, as somebody with `doctl` or in the control panel does."""
        cluster, kind, value = asked.text("cluster"), asked.text("type"), asked.text("value")
        if asked.text("with") == "doctl":
            self._digitalocean.doctl_remove(cluster, kind, value)
        else:
            self._digitalocean.remove_rule(cluster, kind, value)
        return {}

    def add_fault(self, asked: Asked) -> Json:
        """Let the next calls of an API go wrong."""
        kind = asked.text("kind")
        if kind not in _FAULTS:
            raise BadRequest(f"no such fault: {kind}")
        self._faults(asked).add(_FAULTS[kind](asked.times()))
        return {}

    def clear_faults(self, asked: Asked) -> Json:
        """Let all be well again with an API."""
        self._faults(asked).clear()
        return {}

    def set_clock(self, asked: Asked) -> Json:
        """Let the clock run slower or faster."""
        rate = asked.number("rate")
        if not 1 <= rate <= FASTEST:
            raise BadRequest(f"rate must be from 1 to {FASTEST:g}")
        self._clock.rate = rate
        return {}

    def switch_bot(self, asked: Asked) -> Json:
        """Switch the bot off or on."""
        if self._bot is None:
            raise BadRequest("this bot cannot be switched")
        if asked.text("to") == "on":
            self._bot.start()
        else:
            self._bot.stop()
        return {}

    def _still_there(self, person: str, values: Json) -> Json:
        """Leave out fields that the bot took away while somebody filled them in."""
        modal = self._slack.modal(person)
        blocks = {block["block_id"] for block in modal["blocks"]} if modal else set(values)
        return {name: value for name, value in values.items() if name in blocks}

    def _brought(self, what: str, act: Callable[[], Answer]) -> Json:
        return {"error": self._sight.deliveries.make(what, act).error}

    def _faults(self, asked: Asked) -> Faults:
        return (self._slack if asked.text("of") == "slack" else self._digitalocean).faults
