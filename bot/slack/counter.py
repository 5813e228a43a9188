"""The counter: where what people type and press turns into wishes and answers.

Nothing here waits for Slack or DigitalOcean: an answer that needs one of them is promised, and
given later, from a durable row where something is to be changed.
"""

import secrets
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from http.client import HTTPException
from typing import Any

import structlog
from slack_sdk import WebClient
from slack_sdk.errors import SlackClientError

from bot.access import Access
from bot.domain.commands import (
    OpenForm,
    ShowClusters,
    ShowHelp,
    ShowList,
    ShowSources,
    parse_command,
    read_form,
)
from bot.domain.people import Person
from bot.domain.policy import Policy
from bot.domain.refusal import Field, NotYours, Refused
from bot.domain.wishes import AskFor, Wish
from bot.slack import messages
from bot.slack.delivery import TryLater, respond
from bot.slack.directory import Directory, DirectoryUnavailable, cannot_tell
from bot.slack.interaction import Interaction, RequestForm, denial_metadata, form_metadata
from bot.slack.messages import Message
from bot.slack.pages import Pages

_HANDS = 4
_NO_ANSWER = (SlackClientError, OSError, HTTPException, ValueError)

log = structlog.get_logger()


class Counter:
    """Serves one interaction at a time, in any thread."""

    def __init__(
        self,
        access: Access,
        pages: Pages,
        directory: Directory,
        client: WebClient,
        policy: Callable[[], Policy],
    ) -> None:
        self._access = access
        self._pages = pages
        self._directory = directory
        self._client = client
        self._policy = policy
        self._later = ThreadPoolExecutor(_HANDS, thread_name_prefix="counter")

    def close(self) -> None:
        """Stop answering later; what is promised durably is kept by the worker."""
        self._later.shutdown(wait=False, cancel_futures=True)

    def command(self, text: str, asked: Interaction) -> Message | None:
        """Return the answer to a slash command, None where a form opens; it never raises."""
        try:
            return self._command(text, asked)
        except Refused as refused:
            return messages.refusal(refused)
        except Exception as error:  # the person hears of it, and the log has it whole
            return _apologise("command failed", error)

    def wish(self, wish: Wish, asked: Interaction) -> None:
        """Write a wish down, to be carried out in a moment."""
        self._access.put_aside(
            wish,
            user_id=asked.user_id,
            team_id=asked.team_id,
            origin=asked.origin,
            response_url=asked.response_url,
        )

    def request_form(self, form: RequestForm) -> dict[str, str]:
        """Take a form that was sent off; return what is wrong with it, field by field."""
        asked = form.interaction
        try:
            wish = read_form(
                self._policy(),
                cluster=form.cluster,
                source=form.source,
                duration=form.duration,
                reason=form.reason,
            )
            person = self._person_now(wish, asked)
            if person is not None:
                self._access.rehearse(wish, person)
        except Refused as refused:
            field = refused.field or Field.CLUSTER
            return {field: refused.sentence.replace("`", "")}
        self.wish(wish, asked)
        return {}

    def open_denial(self, request_id: int, asked: Interaction) -> None:
        """Open the form that asks for a reason; Slack gives three seconds for it."""
        view = messages.deny_modal(
            request_id,
            summary=self._pages.summary(request_id),
            private_metadata=denial_metadata(request_id, asked.response_url),
        )
        self._open(view, asked, otherwise="Nothing was changed; press Deny again.")

    def show_home(self, user_id: str, team_id: str) -> None:
        """Bring somebody's Home tab up to date."""

        def publish() -> None:
            try:
                person = self._directory.person(user_id, team_id, self._pages.groups())
            except DirectoryUnavailable:  # those who approve by a group see less for now
                person = Person(user_id)
            try:
                self._client.views_publish(user_id=user_id, view=self._pages.home(person))
            except _NO_ANSWER as error:
                log.warning("home not published", error=type(error).__name__)

        self._later.submit(publish)

    def _open_form(self, form: OpenForm, asked: Interaction) -> None:
        policy = self._policy()
        clusters = self._pages.clusters_to_ask_for(asked.user_id)
        if not clusters:
            raise NotYours("There is no cluster that you may ask for.")
        here = policy.cluster_of_channel(asked.channel_id)
        view = messages.request_modal(
            clusters,
            chosen=here if here in clusters else None,
            source=form.source,
            duration=form.duration,
            reason=form.reason,
            private_metadata=form_metadata(asked.response_url),
        )
        otherwise = "Write it instead: `/dbaccess request 203.0.113.4 2h orders`."
        self._open(view, asked, otherwise=otherwise)

    def _open(self, view: dict[str, Any], asked: Interaction, *, otherwise: str) -> None:
        """Open a form after the acknowledgement; where Slack does not, say what else to do."""

        def open_view() -> None:
            try:
                self._client.views_open(trigger_id=asked.trigger_id, view=view)
            except _NO_ANSWER as error:
                log.warning("form not opened", error=type(error).__name__)
                sentence = f"Slack did not open the form. {otherwise}"
                self._respond(asked, messages.refusal(Refused(sentence)))

        self._later.submit(open_view)

    def _command(self, text: str, asked: Interaction) -> Message | None:
        command = parse_command(text, self._policy(), channel=asked.channel_id)
        match command:
            case OpenForm():
                self._open_form(command, asked)
                return None
            case ShowHelp():
                return messages.help_page()
            case ShowClusters():
                return self._answer_as(
                    asked, self._pages.groups(), lambda person: self._pages.clusters(person)
                )
            case ShowList(everybody=False):
                return self._pages.mine(asked.user_id)
            case ShowList():
                return self._answer_as(
                    asked, self._pages.groups(), lambda person: self._pages.everybodys(person)
                )
            case ShowSources(cluster=cluster):
                self._promise(asked, lambda person: self._pages.sources(cluster, person))
                return messages.checking(None)
            case _:
                return self._carry_out(command, asked)

    def _carry_out(self, wish: Wish, asked: Interaction) -> Message:
        """Carry a wish out at once where nobody has to be asked, else write it down."""
        person = self._person_now(wish, asked)
        if person is None:
            self.wish(wish, asked)
            return messages.checking(wish.cluster if isinstance(wish, AskFor) else None)
        answer = self._access.carry_out(wish, person, origin=asked.origin)
        return messages.render(answer) if answer is not None else messages.checking(None)

    def _person_now(self, wish: Wish, asked: Interaction) -> Person | None:
        """Return as much of who asks as the wish needs; None where Slack must be asked first."""
        question = self._access.question(wish, asked.user_id)
        if question is None:
            return Person(asked.user_id)
        return self._directory.known(asked.user_id, asked.team_id, question.groups)

    def _answer_as(
        self, asked: Interaction, groups: frozenset[str], page: Callable[[Person], Message]
    ) -> Message:
        """Show a page that depends on who asks: at once if that is known, else later."""
        person = self._directory.known(asked.user_id, asked.team_id, groups)
        if person is not None:
            return page(person)
        self._promise(asked, page)
        return messages.checking(None)

    def _promise(self, asked: Interaction, page: Callable[[Person], Message]) -> None:
        def answer() -> None:
            try:
                groups = self._pages.groups()
                message = page(self._directory.person(asked.user_id, asked.team_id, groups))
            except Refused as refused:
                message = messages.refusal(refused)
            except DirectoryUnavailable:
                message = messages.refusal(cannot_tell())
            except Exception as error:  # the person hears of it, and the log has it whole
                message = _apologise("page failed", error)
            self._respond(asked, message)

        self._later.submit(answer)

    def _respond(self, asked: Interaction, message: Message) -> None:
        if asked.response_url is None:
            return
        try:
            respond(asked.response_url, message)
        except TryLater as error:
            log.warning("answer not delivered", error=str(error))


def _apologise(what: str, error: Exception) -> Message:
    reference = secrets.token_hex(4)
    log.error(what, reference=reference, exc_info=error)
    return messages.apology(reference)
