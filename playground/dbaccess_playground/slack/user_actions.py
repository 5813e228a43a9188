"""What people do in Slack, and what they see of the answers."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any

from dbaccess_playground.slack.block_kit import checker
from dbaccess_playground.slack.controls import Control, controls, fields, find
from dbaccess_playground.slack.conversations import Channel, Message
from dbaccess_playground.slack.dispatch import Answer, Dispatcher, EnvelopeType
from dbaccess_playground.slack.errors import SlackError
from dbaccess_playground.slack.form_validation import missing
from dbaccess_playground.slack.payloads import Payloads
from dbaccess_playground.slack.people import Person
from dbaccess_playground.slack.response_urls import ResponseUrls
from dbaccess_playground.slack.views import OpenView
from dbaccess_playground.slack.workspace import Workspace

Json = dict[str, Any]


class UserActions:
    """Does what a person does and sends it to the bot; `root` is the URL of the sandbox."""

    def __init__(
        self,
        workspace: Workspace,
        door: Dispatcher,
        response_urls: ResponseUrls,
        root: Callable[[], str],
    ) -> None:
        self._workspace = workspace
        self._dispatcher = door
        self._response_urls = response_urls
        self._root = root
        self._payloads = Payloads(workspace.team_id)

    def command(self, user_id: str, text: str, channel_id: str, command: str) -> Answer:
        """Type a slash command; the acknowledgement is shown to the person."""
        with self._workspace.lock:
            person = self._workspace.people.person(user_id)
            self._workspace.conversations.dm(user_id)
            channel = self._workspace.conversations.channel(channel_id)
            payload = self._payloads.command(
                person,
                channel,
                command=command,
                text=text,
                response_url=self._response_urls.issue(self._root(), user_id, channel_id),
                trigger_id=self._workspace.triggers.issue(user_id),
            )
        answer = self._deliver(EnvelopeType.COMMAND, payload, f"{command} {text}".strip())
        if answer.error is None and (answer.text or answer.blocks):
            self._show(answer, person, channel)
        return answer

    def press_in_message(
        self, user_id: str, message: Message, name: str, value: str | None
    ) -> Answer:
        """Click or select something in a message, which may be outdated."""
        control = find(message.blocks, name, value)
        state = _pressed(control, name, value)
        with self._workspace.lock:
            url = self._response_urls.issue(self._root(), user_id, message.channel, message)
            payload = self._payloads.pressed_in_message(
                self._workspace.people.person(user_id),
                message,
                self._workspace.conversations.channel(message.channel),
                control,
                state,
                response_url=url,
                trigger_id=self._workspace.triggers.issue(user_id),
            )
        return self._interact(payload, f"click on {name!r}")

    def press_in_view(self, user_id: str, view_id: str, name: str, value: str | None) -> Answer:
        """Click or select something in a modal or on the Home tab, which keeps the selection."""
        with self._workspace.lock:
            view = self._workspace.views.find(view_id=view_id, external_id=None)
            control = find(view.blocks, name, value)
            state = _pressed(control, name, value)
            if control in fields(view.blocks):
                view.enter(control, value)
            payload = self._payloads.pressed_in_view(
                self._workspace.people.person(user_id),
                view.as_slack(self._workspace.team_id),
                control,
                state,
                self._workspace.triggers.issue(user_id),
            )
        return self._interact(payload, f"click on {name!r}")

    def fill_in(self, user_id: str, values: Mapping[str, Any]) -> OpenView:
        """Fill in the modal on top without submitting it; LookupError for an unknown field."""
        with self._workspace.lock:
            view = self._modal(user_id)
            there = {name: self._field(view, name) for name in values}
        for name, control in there.items():
            chosen = values[name]
            if control.kind == "external_select" and isinstance(chosen, str):
                chosen = view.seen(control, chosen) or self._offered(user_id, name, chosen)
            with self._workspace.lock:
                view.enter(control, chosen)
        return view

    def submit(self, user_id: str, values: Mapping[str, Any]) -> Answer:
        """Fill in the modal on top and submit it; it closes, changes or shows errors.

        Fields are named by label, block_id or action_id. LookupError for an unknown field or
        option, ValueError where Slack itself would not submit the form.
        """
        view = self.fill_in(user_id, values)
        with self._workspace.lock:
            if wanting := missing(view):
                raise ValueError(f"Slack does not submit this form: {'; '.join(wanting)}")
            payload = self._payloads.submitted(
                self._workspace.people.person(user_id),
                view.as_slack(self._workspace.team_id),
                self._workspace.triggers.issue(user_id),
            )
        where = f"submission of {view.definition.get('callback_id')!r}"
        answer = self._deliver(EnvelopeType.INTERACTION, payload, where)
        if answer.error is None:
            self._follow(view, answer, where)
        return answer

    def close_modal(self, user_id: str) -> Answer | None:
        """Close the modal on top; return the bot's answer if the modal has `notify_on_close`."""
        with self._workspace.lock:
            view = self._modal(user_id)
            self._workspace.views.close(user_id)
            self._workspace.notify("modal", None)
            person = self._workspace.people.person(user_id)
            payload = self._payloads.closed(person, view.as_slack(self._workspace.team_id))
        if not view.definition.get("notify_on_close"):
            return None
        return self._interact(payload, "closing a modal")

    def shortcut(self, user_id: str, callback_id: str) -> Answer:
        """Choose a global shortcut."""
        with self._workspace.lock:
            trigger_id = self._workspace.triggers.issue(user_id)
            person = self._workspace.people.person(user_id)
        return self._interact(
            self._payloads.shortcut(person, callback_id, trigger_id), f"shortcut {callback_id!r}"
        )

    def suggest(self, user_id: str, name: str, typed: str) -> list[Json]:
        """Type into an external select of the modal on top; return the options."""
        with self._workspace.lock:
            view = self._modal(user_id)
            control = self._field(view, name)
            payload = self._payloads.suggestion(
                self._workspace.people.person(user_id),
                view.as_slack(self._workspace.team_id),
                control,
                typed,
            )
        answer = self._deliver(EnvelopeType.INTERACTION, payload, f"suggestions for {name!r}")
        if answer.error is not None:
            return []
        found = checker.suggestion_problems(answer.body)
        self._workspace.report_problems(f"suggestions for {name!r}", found)
        groups = answer.body.get("option_groups", [answer.body])
        options = [option for group in groups for option in group.get("options", [])]
        view.offered[control.block_id, control.action_id] = options
        return options

    def open_home(self, user_id: str) -> Answer:
        """Open the bot's Home tab."""
        with self._workspace.lock:
            home = self._workspace.views.home(user_id)
            opened: Json = {
                "type": "app_home_opened",
                "user": self._workspace.people.person(user_id).id,
                "channel": self._workspace.conversations.dm(user_id).id,
                "tab": "home",
                "event_ts": self._workspace.next_ts(),
            }
            if home is not None:
                opened["view"] = home.as_slack(self._workspace.team_id)
        return self.event(opened)

    def event(self, event: Mapping[str, Any]) -> Answer:
        """Send the bot an event of the Events API."""
        envelope = self._payloads.event(event, self._workspace.new_id("Ev"))
        return self._deliver(EnvelopeType.EVENT, envelope, f"event {event.get('type')}")

    def _interact(self, payload: Json, where: str) -> Answer:
        answer = self._deliver(EnvelopeType.INTERACTION, payload, where)
        if answer.error is None and (answer.text or answer.body):
            self._workspace.report_problems(
                where, ["the acknowledgement says something nobody sees"]
            )
        return answer

    def _deliver(self, kind: EnvelopeType, payload: Json, where: str) -> Answer:
        answer = self._dispatcher.deliver(kind, payload)
        if answer.error is not None:
            self._workspace.report_problems(where, [f"{answer.error} (status {answer.status})"])
        return answer

    def _show(self, answer: Answer, person: Person, channel: Channel) -> None:
        said: Json = answer.body or {"text": answer.text}
        to_all = said.get("response_type") == "in_channel"
        with self._workspace.lock, suppress(SlackError):
            content = self._workspace.content("acknowledgement", said)
            self._workspace.say(channel.id, content, ephemeral_to=None if to_all else person.id)

    def _follow(self, view: OpenView, answer: Answer, where: str) -> None:
        views, action = self._workspace.views, answer.body.get("response_action")
        with self._workspace.lock, suppress(SlackError):
            match action:
                case None if not answer.body and not answer.text:
                    views.close(view.user_id)
                case "clear":
                    views.close(view.user_id, all_of_them=True)
                case "errors":
                    there = {one.block_id for one in controls(view.blocks)}
                    strange = answer.errors.keys() - there
                    self._workspace.report_problems(
                        where, [f"errors for no field: {strange}"] * bool(strange)
                    )
                case "update":
                    views.update(view, self._workspace.view(where, answer.body.get("view")), None)
                case "push":
                    definition = self._workspace.view(where, answer.body.get("view"))
                    views.push(view.user_id, definition)
                case _:
                    self._workspace.report_problems(where, [f"Slack cannot follow {answer.body}"])
            self._workspace.notify("modal", None)

    def _modal(self, user_id: str) -> OpenView:
        view = self._workspace.views.modal(user_id)
        if view is None:
            raise LookupError(f"{user_id} has no modal open")
        return view

    def _field(self, view: OpenView, name: str) -> Control:
        named = [one for one in fields(view.blocks) if one.is_called(name)]
        if len(named) != 1:
            there = [(one.label, one.block_id, one.action_id) for one in fields(view.blocks)]
            raise LookupError(f"{len(named)} fields called {name!r}; there is: {there}")
        return named[0]

    def _offered(self, user_id: str, name: str, typed: str) -> Json:
        options = self.suggest(user_id, name, typed)
        menu = {"type": "static_select", "action_id": name, "options": options}
        return Control({}, menu).option(typed)


def _pressed(control: Control, name: str, value: str | None) -> Json:
    if control.kind == "button":
        return {"value": control.element["value"]} if "value" in control.element else {}
    return control.answered(name if value is None and control.kind == "overflow" else value)
