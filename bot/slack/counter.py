"""The counter: where what people type and press turns into wishes and answers.

Nothing here waits for Slack or DigitalOcean: an answer that needs one of them is promised, and
given later, from a durable row where something is to be changed.
"""

from collections.abc import Callable
from contextlib import suppress

from bot.access import Access
from bot.digitalocean.catalogue import Catalogue
from bot.domain.commands import parse_command
from bot.domain.people import NeedsDirectory, Person
from bot.domain.policy import Policy
from bot.domain.refusal import Refused
from bot.domain.screens import (
    OpenEmergencyForm,
    OpenExtensionForm,
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
from bot.ip_links import IpLinks
from bot.slack import messages
from bot.slack.asker import Asker
from bot.slack.client import SlackClient
from bot.slack.directory import Directory, DirectoryUnavailable, cannot_tell
from bot.slack.forms import Forms
from bot.slack.homes import Homes
from bot.slack.interaction import Interaction, Press
from bot.slack.later import Later, apologise
from bot.slack.messages import Message
from bot.slack.offers import Offers
from bot.slack.pages import Pages
from bot.slack.prompt import Prompt, away
from bot.store.database import AWAY


class Counter:
    """Serves one interaction at a time, in any thread."""

    def __init__(
        self,
        access: Access,
        pages: Pages,
        directory: Directory,
        catalogue: Catalogue,
        client: SlackClient,
        policy: Callable[[], Policy],
        homes: Homes,
        ip_links: IpLinks,
    ) -> None:
        self._access = access
        self._pages = pages
        self._directory = directory
        self._homes = homes
        self._ip_links = ip_links
        self._policy = policy
        self._asker = Asker(access, directory)
        self._later = Later(client)
        self._prompt = Prompt(self._later)
        offers = Offers(directory, catalogue, policy, self._later)
        self.forms = Forms(access, self._asker, offers, pages, policy, self._later, self._prompt)

    def close(self) -> None:
        """Stop answering later; what is promised durably is kept by the worker."""
        self._prompt.close()
        self._later.close()

    def command(self, text: str, asked: Interaction) -> Message | None:
        """Return the answer to a slash command, None where a form opens; it never raises."""

        def act() -> Message | None:
            try:
                return self._command(text, asked)
            except Refused as refused:
                return messages.refusal(refused)

        return self._prompt.answer(act, asked)

    def wish(self, wish: Wish, asked: Interaction) -> None:
        """Write a wish down, to be carried out in a moment; it never raises."""
        self._prompt.do(lambda: self._asker.put_aside(wish, asked), asked)

    def deny(self, press: Press) -> None:
        """Open the form that asks an approver why not."""
        self._prompt.do(lambda: self.forms.open_denial(press), press.interaction)

    def extend(self, press: Press) -> None:
        """Open the form that asks for more time."""
        form, asked = OpenExtensionForm(press.number, mark=press.mark), press.interaction

        def act() -> Message | None:
            try:
                self.forms.open_extension(form, asked)
            except Refused as refused:
                return messages.refusal(refused)
            return None

        self._prompt.do(act, asked)

    def somebody_left(self, user_id: str) -> None:
        """Have all that somebody had end, whose account was deactivated."""
        self._access.depart(user_id)

    def shortcut(self, asked: Interaction) -> None:
        """Open the form that asks for access; who may not ask is told by direct message."""
        self.ask_for(OpenForm(), asked)

    def ask_for(self, form: OpenForm, asked: Interaction) -> None:
        """Open the form as far as it is filled in, where there is no place to answer but it."""
        try:
            self.forms.open_request(form, asked)
        except Refused as refused:
            message = messages.refusal(refused)
            self._later.direct(asked.user_id, message)

    def home_opened(self, user_id: str, team_id: str) -> None:
        """Have somebody's Home tab drawn in a moment."""
        self._homes.open(user_id, team_id)

    def _command(self, text: str, asked: Interaction) -> Message | None:
        command = parse_command(text, self._policy(), channel=asked.channel_id)
        match command:
            case OpenForm():
                self.forms.open_request(command, asked)
                return None
            case OpenEmergencyForm():
                self.forms.open_emergency(command, asked)
                return None
            case OpenExtensionForm():
                self.forms.open_extension(command, asked)
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
                return self._my_ip(asked)
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

    def _my_ip(self, asked: Interaction) -> Message:
        url = self._ip_links.make(asked.user_id, asked.team_id, asked.response_url)
        return messages.myip_link(url) if url else messages.myip_not_set_up()

    def _carry_out(self, wish: Wish, asked: Interaction) -> Message:
        """Carry a wish out at once where nobody has to be asked, else write it down."""
        person = self._asker.now(wish, asked)
        if person is not None:
            with suppress(NeedsDirectory):
                answer = self._access.carry_out(wish, person, origin=asked.origin)
                return messages.render(answer) if answer is not None else messages.checking(None)
        self._asker.put_aside(wish, asked)
        return messages.checking(wish.cluster if isinstance(wish, AskFor) else None)

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
            except AWAY as error:
                message = away(error)
            except Exception as error:  # the person hears of it, and the log has it whole
                message = apologise("page failed", error)
            self._later.respond(asked, message)

        self._later.do(answer)
        return messages.checking(None)
