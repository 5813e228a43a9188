"""The actions of the page: in Slack, at DigitalOcean, and with faults, clock and bot."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any

from werkzeug.exceptions import BadRequest

from dbaccess_playground.digitalocean.sandbox import SandboxDigitalOcean
from dbaccess_playground.faults import Fault, Faults
from dbaccess_playground.slack.dispatch import Answer
from dbaccess_playground.slack.sandbox import SandboxSlack
from dbaccess_playground.web.person_view import PersonView
from dbaccess_playground.web.setting import Bot, Clock

FASTEST = 3600.0
SLOW_SECONDS = 4.0
RETRY_AFTER_SECONDS = 5

Json = dict[str, Any]
Action = Callable[["RequestBody"], Json]

_FAULTS: Mapping[str, Callable[[int | None], Fault]] = {
    "slow": lambda times: Fault.slow(SLOW_SECONDS, times=times),
    "429": lambda times: Fault.status(429, retry_after=RETRY_AFTER_SECONDS, times=times),
    "500": lambda times: Fault.status(500, times=times),
    "hang": lambda times: Fault.hang(times=times),
    "lost_answer": lambda times: Fault.lost_answer(times=times),
    "lost_write": lambda times: Fault.lost_answer(method="PUT", times=times),
}


class RequestBody:
    """The body of a request, field by field; BadRequest for a missing or wrong one."""

    def __init__(self, body: object) -> None:
        if not isinstance(body, dict):
            raise BadRequest("not a JSON object")
        self._body = body

    def has(self, name: str) -> bool:
        """Return whether there is such a field."""
        return name in self._body

    def text(self, name: str) -> str:
        """Return a required text."""
        value = self._body.get(name)
        if not isinstance(value, str):
            raise BadRequest(f"{name} must be a text")
        return value

    def text_or_none(self, name: str) -> str | None:
        """Return an optional text."""
        return None if self._body.get(name) is None else self.text(name)

    def number(self, name: str) -> float:
        """Return a finite number."""
        value = self._body.get(name)
        if (
            isinstance(value, bool)
            or not isinstance(value, int | float)
            or not math.isfinite(value)
        ):
            raise BadRequest(f"{name} must be a number")
        return float(value)

    def times(self) -> int | None:
        """Return how often a fault occurs; None: until it is cleared."""
        return None if self._body.get("times") is None else int(self.number("times"))

    def values(self) -> dict[str, Any]:
        """Return the values of a form."""
        value = self._body.get("values")
        if not isinstance(value, dict):
            raise BadRequest("values must be an object")
        return value


class Actions:
    """Does what the page requests; `by_name` has all actions."""

    def __init__(
        self,
        slack: SandboxSlack,
        digitalocean: SandboxDigitalOcean,
        clock: Clock,
        view: PersonView,
        *,
        bot: Bot | None = None,
    ) -> None:
        self._slack = slack
        self._digitalocean = digitalocean
        self._clock = clock
        self._view = view
        self._bot = bot
        self.by_name: Mapping[str, Action] = {
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

    def command(self, body: RequestBody) -> Json:
        """Type a slash command."""
        text = body.text("text").strip()
        person, channel = self._who_and_where(body)
        what = f"/dbaccess {text}".strip()
        return self._delivered(what, lambda: self._slack.command(person, text, channel_id=channel))

    def shortcut(self, body: RequestBody) -> Json:
        """Choose a global shortcut."""
        person, name = body.text("person"), body.text("name")
        return self._delivered(f"shortcut {name}", lambda: self._slack.shortcut(person, name))

    def say(self, body: RequestBody) -> Json:
        """Write a message."""
        person, channel = self._who_and_where(body)
        message = self._slack.say(
            person, channel, body.text("text"), thread_ts=body.text_or_none("thread_ts")
        )
        return {"ts": message.ts}

    def press(self, body: RequestBody) -> Json:
        """Click or select something in a message."""
        person, name = body.text("person"), body.text("name")
        message = self._slack.message(body.text("channel"), body.text("ts"))
        if not self._view.sees(person, message):
            raise LookupError("this person does not see that message")
        value = body.text_or_none("value")
        return self._delivered(
            f"press {name}", lambda: self._slack.click(person, message, name, value=value)
        )

    def press_in_view(self, body: RequestBody) -> Json:
        """Click or select something in a modal or on the Home tab.

        `values`, if given, are those entered into the modal so far.
        """
        person, name = body.text("person"), body.text("name")
        if body.has("values"):
            self._slack.fill_in(person, self._fields_still_shown(person, body.values()))
        view = {"id": body.text("view")}
        value = body.text_or_none("value")
        return self._delivered(
            f"press {name}", lambda: self._slack.click(person, view, name, value=value)
        )

    def submit(self, body: RequestBody) -> Json:
        """Submit the modal."""
        person = body.text("person")
        values = self._fields_still_shown(person, body.values())
        answers: list[Answer] = []

        def submit() -> Answer:
            answers.append(self._slack.submit(person, values))
            return answers[-1]

        return {**self._delivered("submit form", submit), "errors": answers[-1].errors}

    def close(self, body: RequestBody) -> Json:
        """Close the modal."""
        self._slack.close_modal(body.text("person"))
        return {}

    def suggest(self, body: RequestBody) -> Json:
        """Return the options for what was typed into an external select."""
        person, field = body.text("person"), body.text("field")
        return {"options": self._slack.suggest(person, field, body.text("typed"))}

    def home(self, body: RequestBody) -> Json:
        """Open the Home tab."""
        person = body.text("person")
        return self._delivered("open Home", lambda: self._slack.open_home(person))

    def read(self, body: RequestBody) -> Json:
        """Mark a channel as read up to a message."""
        person, channel = body.text("person"), body.text("channel")
        try:
            return {"news": self._view.read_marks.read(person, channel, body.text("ts"))}
        except ValueError:
            raise BadRequest("ts must be a timestamp") from None

    def add_source(self, body: RequestBody) -> Json:
        """Add a trusted source, as somebody with `doctl` or in the control panel does."""
        cluster, kind, value = (
            body.text("cluster"),
            body.text("type"),
            body.text("value").strip(),
        )
        if body.text("with") == "doctl":
            self._digitalocean.doctl_append(cluster, kind, value)
        else:
            description = body.text_or_none("description") or None
            self._digitalocean.add_rule(cluster, kind, value, description)
        return {}

    def remove_source(self, body: RequestBody) -> Json:
        """Remove a trusted source, as somebody with `doctl` or in the control panel does."""
        cluster, kind, value = body.text("cluster"), body.text("type"), body.text("value")
        if body.text("with") == "doctl":
            self._digitalocean.doctl_remove(cluster, kind, value)
        else:
            self._digitalocean.remove_rule(cluster, kind, value)
        return {}

    def add_fault(self, body: RequestBody) -> Json:
        """Add a fault to an API."""
        kind = body.text("kind")
        if kind not in _FAULTS:
            raise BadRequest(f"no such fault: {kind}")
        self._faults(body).add(_FAULTS[kind](body.times()))
        return {}

    def clear_faults(self, body: RequestBody) -> Json:
        """Clear the faults of an API."""
        self._faults(body).clear()
        return {}

    def set_clock(self, body: RequestBody) -> Json:
        """Set how fast the clock runs."""
        rate = body.number("rate")
        if not 1 <= rate <= FASTEST:
            raise BadRequest(f"rate must be from 1 to {FASTEST:g}")
        self._clock.rate = rate
        return {}

    def switch_bot(self, body: RequestBody) -> Json:
        """Switch the bot off or on."""
        if self._bot is None:
            raise BadRequest("this bot cannot be switched")
        if body.text("to") == "on":
            self._bot.start()
        else:
            self._bot.stop()
        return {}

    def _who_and_where(self, body: RequestBody) -> tuple[str, str]:
        """Return who writes and in which channel; SlackError where Slack shows no composer."""
        person, channel = body.text("person"), body.text("channel")
        self._view.check_has_composer(person, channel)
        return person, channel

    def _fields_still_shown(self, person: str, values: Json) -> Json:
        """Omit fields that the bot removed while somebody filled in the form."""
        modal = self._slack.modal(person)
        blocks = {block["block_id"] for block in modal["blocks"]} if modal else set(values)
        return {name: value for name, value in values.items() if name in blocks}

    def _delivered(self, what: str, act: Callable[[], Answer]) -> Json:
        return {"error": self._view.deliveries.record(what, act).error}

    def _faults(self, body: RequestBody) -> Faults:
        return (self._slack if body.text("of") == "slack" else self._digitalocean).faults
