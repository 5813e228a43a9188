"""The counter: where what people type and press turns into wishes and answers.

Nothing here waits for Slack or DigitalOcean: an answer that needs one of them is promised, and
given later, from a durable row where something is to be changed.
"""

from collections.abc import Callable

import structlog
from slack_sdk import WebClient

from bot.access import Access
from bot.domain.commands import parse_command
from bot.domain.people import Person
from bot.domain.policy import Policy
from bot.domain.refusal import Refused
from bot.domain.screens import (
    OpenEmergencyForm,
    OpenForm,
    Page,
    ShowClusters,
    ShowConnect,
    ShowHelp,
    ShowHistory,
    ShowList,
    ShowMyIp,
    ShowSources,
)
from bot.domain.wishes import AskFor, Wish
from bot.slack import messages
from bot.slack.asker import Asker
from bot.slack.directory import Directory, DirectoryUnavailable, cannot_tell
from bot.slack.forms import Forms
from bot.slack.interaction import Interaction
from bot.slack.later import NO_ANSWER, Later, apologise
from bot.slack.messages import Message
from bot.slack.pages import Pages

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
        self._asker = Asker(access, directory)
        self._later = Later(client)
        self.forms = Forms(access, self._asker, pages, policy, self._later)

    def close(self) -> None:
        """Stop answering later; what is promised durably is kept by the worker."""
        self._later.close()

    def command(self, text: str, asked: Interaction) -> Message | None:
        """Return the answer to a slash command, None where a form opens; it never raises."""
        try:
            return self._command(text, asked)
        except Refused as refused:
            return messages.refusal(refused)
        except Exception as error:  # the person hears of it, and the log has it whole
            return apologise("command failed", error)

    def wish(self, wish: Wish, asked: Interaction) -> None:
        """Write a wish down, to be carried out in a moment."""
        self._asker.put_aside(wish, asked)

    def somebody_left(self, user_id: str) -> None:
        """Have all that somebody had end, whose account was deactivated."""
        self._access.depart(user_id)

    def shortcut(self, asked: Interaction) -> None:
        """Open the form that asks for access; who may not ask is told by direct message."""
        try:
            self.forms.open_request(OpenForm(), asked)
        except Refused as refused:
            message = messages.refusal(refused)
            self._later.direct(asked.user_id, message)

    def show_home(self, user_id: str, team_id: str) -> None:
        """Bring somebody's Home tab up to date."""

        def publish() -> None:
            try:
                person = self._directory.person(user_id, team_id, self._pages.groups())
            except DirectoryUnavailable:  # those who approve by a group see less for now
                person = Person(user_id)
            try:
                self._client.views_publish(user_id=user_id, view=self._pages.home(person))
            except NO_ANSWER as error:
                log.warning("home not published", error=type(error).__name__)

        self._later.do(publish)

    def _command(self, text: str, asked: Interaction) -> Message | None:
        command = parse_command(text, self._policy(), channel=asked.channel_id)
        match command:
            case OpenForm():
                self.forms.open_request(command, asked)
                return None
            case OpenEmergencyForm():
                self.forms.open_emergency(command, asked)
                return None
            case _ if isinstance(command, Page):
                return self._show(command, asked)
            case _:
                return self._carry_out(command, asked)

    def _show(self, page: Page, asked: Interaction) -> Message:
        match page:
            case ShowHelp():
                return messages.help_page()
            case ShowMyIp():
                return self._pages.my_ip(asked)
            case ShowList(everybody=False):
                return self._pages.mine(asked.user_id)
            case ShowList():
                return self._answer_as(asked, self._pages.everybodys)
            case ShowClusters():
                return self._answer_as(asked, self._pages.clusters)
            case ShowHistory(cluster=about):
                return self._answer_as(asked, lambda person: self._pages.history(about, person))
            case ShowSources(cluster=cluster):
                return self._promise(asked, lambda person: self._pages.sources(cluster, person))
            case ShowConnect(cluster=cluster):
                return self._promise(asked, lambda person: self._pages.connect(cluster, person))

    def _carry_out(self, wish: Wish, asked: Interaction) -> Message:
        """Carry a wish out at once where nobody has to be asked, else write it down."""
        person = self._asker.now(wish, asked)
        if person is None:
            self._asker.put_aside(wish, asked)
            return messages.checking(wish.cluster if isinstance(wish, AskFor) else None)
        answer = self._access.carry_out(wish, person, origin=asked.origin)
        return messages.render(answer) if answer is not None else messages.checking(None)

    def _answer_as(self, asked: Interaction, page: Callable[[Person], Message]) -> Message:
        """Show a page that depends on who asks: at once if that is known, else later."""
        person = self._directory.known(asked.user_id, asked.team_id, self._pages.groups())
        return page(person) if person is not None else self._promise(asked, page)

    def _promise(self, asked: Interaction, page: Callable[[Person], Message]) -> Message:
        """Show a page later: it needs Slack or DigitalOcean."""

        def answer() -> None:
            try:
                groups = self._pages.groups()
                message = page(self._directory.person(asked.user_id, asked.team_id, groups))
            except Refused as refused:
                message = messages.refusal(refused)
            except DirectoryUnavailable:
                message = messages.refusal(cannot_tell())
            except Exception as error:  # the person hears of it, and the log has it whole
                message = apologise("page failed", error)
            self._later.respond(asked, message)

        self._later.do(answer)
        return messages.checking(None)
