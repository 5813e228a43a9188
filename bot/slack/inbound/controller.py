"""The Slack controller: turns what people type and press into commands and answers.

Nothing here waits for Slack or DigitalOcean before the acknowledgement. What needs one of them is
answered by a background task; a command that does is saved, and carried out by the worker.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import TypeGuard

from bot.access import AccessService
from bot.domain.commands import Adopt, Command, RequestAccess
from bot.domain.grammar import Intent, names, parse_command
from bot.domain.people import NeedsDirectory, Person
from bot.domain.policy import Policy
from bot.domain.queries import (
    OpenEmergencyForm,
    OpenExtensionForm,
    OpenForm,
    PageQuery,
    ShowConnect,
    ShowHelp,
    ShowSources,
)
from bot.domain.reading import read_command
from bot.domain.refusal import NamesClusters, Refused
from bot.domain.refusals.durations import TimeZoneUnknown
from bot.domain.refusals.sources import NoAddress
from bot.ip_links import IpLinks
from bot.providers.catalogue import Catalogue
from bot.slack import messages
from bot.slack.inbound.ack_deadline import AckDeadline
from bot.slack.inbound.background_tasks import BackgroundTasks
from bot.slack.inbound.failures import answer_or_failure
from bot.slack.inbound.form_state import FormState
from bot.slack.inbound.forms import Forms
from bot.slack.inbound.options import Options
from bot.slack.inbound.pages import Pages
from bot.slack.inbound.payloads import Interaction, Press
from bot.slack.messages import Message
from bot.slack.outbound.home_tab import HomeTabs
from bot.slack.queries import Queries
from bot.slack.users.directory import Directory

_Form = OpenForm | OpenEmergencyForm | OpenExtensionForm
_OfProvider = ShowSources | ShowConnect


class SlackController:
    """Serves one interaction at a time, in any thread."""

    def __init__(
        self,
        access: AccessService,
        queries: Queries,
        directory: Directory,
        catalogue: Catalogue,
        policy: Callable[[], Policy],
        homes: HomeTabs,
        ip_links: IpLinks,
        background: BackgroundTasks,
    ) -> None:
        self._access = access
        self._directory = directory
        self._homes = homes
        self._queries = queries
        self._pages = Pages(queries, ip_links)
        self._ip_links = ip_links
        self._policy = policy
        self._background = background
        self._deadline = AckDeadline(self._background)
        options = Options(directory, catalogue, policy, self._background)
        self.forms = Forms(
            access,
            directory,
            options,
            queries,
            policy,
            self._defer,
            self._background,
            self._deadline,
            ip_links,
        )

    def close(self) -> None:
        """Answer nothing more; commands that were saved are left to the worker."""
        self._deadline.close()
        self._background.close()

    def slash_command(self, text: str, asked: Interaction) -> Message | None:
        """Return the answer to a slash command; it never raises.

        None where a form opens, or the answer follows: Slack can replace no answer to a slash
        command, so nothing is said before it.
        """

        def act() -> Message | None:
            with self._offering_my_ip():
                return self._slash_command(text, asked)

        return self._deadline.answer(act, asked)

    def defer(self, command: Command, asked: Interaction) -> None:
        """Save a command, to be carried out in a moment; it never raises."""
        self._deadline.do(lambda: self._defer(command, asked), asked)

    def deny(self, press: Press) -> None:
        """Open the form that asks an approver why not."""
        self._deadline.do(lambda: self.forms.open_denial(press), press.interaction)

    def approve_with(self, press: Press) -> None:
        """Open the form for an approval with a message."""
        self._deadline.do(lambda: self.forms.open_approval(press), press.interaction)

    def connect(self, press: Press) -> None:
        """Open the form that shows how to connect to a grant's cluster."""
        self._deadline.do(lambda: self._connect(press), press.interaction)

    def extend(self, press: Press) -> None:
        """Open the form that asks for more time."""
        form, asked = OpenExtensionForm(press.number, mark=press.mark), press.interaction
        self._deadline.do(lambda: self.forms.open_extension(form, asked), asked)

    def ask_again(self, press: Press) -> None:
        """Open the form filled in with what a request or a grant that is over was for."""
        self._deadline.do(lambda: self._ask_again(press), press.interaction)

    def account_changed(self, user_id: str, *, has_left: bool) -> None:
        """Have Slack asked again about somebody, and end their access if they were deactivated."""
        self._directory.outdate(user_id)
        if has_left:
            self._access.depart(user_id)

    def shortcut(self, asked: Interaction) -> None:
        """Open the form that asks for access; those who may not ask get a direct message."""
        self.ask_for(OpenForm(), asked)

    def my_ip(self, asked: Interaction) -> None:
        """Show the link that reads somebody's address."""
        self._deadline.do(lambda: self.forms.open_my_ip(asked), asked)

    def read_address(self, state: FormState) -> None:
        """Show the page that reads somebody's address, in the form that it is for."""
        self._deadline.do(lambda: self.forms.read_address(state), state.interaction)

    def ask_for(self, form: OpenForm | OpenEmergencyForm, asked: Interaction) -> None:
        """Open the form as far as it is filled in, where there is no place to answer but it."""

        def act(person: Person) -> Message | None:
            return self._answer(form, asked, person)

        def tell(message: Message) -> None:
            self._background.direct(asked.user_id, message)

        try:
            message = act(self._known(asked))
        except NeedsDirectory:
            self._answer_later(asked, act, tell)
        except Refused as refused:
            tell(messages.refusal(refused.refusal))
        else:
            if message is not None:
                tell(message)

    def home_opened(self, user_id: str, team_id: str) -> None:
        """Have somebody's Home tab drawn in a moment."""
        self._homes.open(user_id, team_id)

    def _ask_again(self, press: Press) -> None:
        asked = press.interaction
        form = self._access.what_to_ask_again(press.number, press.mark, self._known(asked))
        if isinstance(form, OpenExtensionForm):
            self.forms.open_extension(form, asked)
        else:
            self.ask_for(form, asked)

    def _slash_command(self, text: str, asked: Interaction) -> Message | None:
        """Answer at once if enough is known of who asks, else when Slack has been asked (P4).

        What somebody typed is read with only those clusters that they may see. A command that
        names its cluster means the same to everybody, so it is saved at once.
        """
        person = self._known(asked)
        with suppress(NeedsDirectory):
            return self._answer(self._read(text, asked, person), asked, person)
        command = self._meant_by_anybody(text, asked)
        if isinstance(command, ShowHelp):
            return messages.help_page()
        if command is not None and _is_saved(command) and _says_all(command, text):
            return self._carry_out(command, asked)
        self._answer_later(
            asked, lambda person: self._later_on(text, asked, person), self._reach(asked)
        )
        return None

    def _read(self, text: str, asked: Interaction, person: Person) -> Intent:
        """Return what somebody typed, read with only the clusters that they may see.

        Raises:
            Refused: it cannot be parsed, or their standing does not let them do anything.
            NeedsDirectory: it is not known what they may see.
        """
        return read_command(
            text,
            self._policy(),
            person,
            channel=asked.channel_id,
            local_now=self._directory.local_time(asked.user_id),
        )

    def _meant_by_anybody(self, text: str, asked: Interaction) -> Intent | None:
        """Return what it means whoever typed it; None where that depends on who they are.

        Raises:
            Refused: it cannot be parsed, whoever typed it.
        """
        local_now = self._directory.local_time(asked.user_id)
        try:
            return parse_command(
                text, self._policy(), channel=asked.channel_id, local_now=local_now
            )
        except NamesClusters:
            return None
        except Refused as refused:
            if not isinstance(refused.refusal, TimeZoneUnknown):
                raise
            return None  # it is known once Slack has been asked

    def _later_on(self, text: str, asked: Interaction, person: Person) -> Message | None:
        with self._offering_my_ip():
            return self._answer(self._read(text, asked, person), asked, person)

    @contextmanager
    def _offering_my_ip(self) -> Iterator[None]:
        """Offer whoever types no address of their own to find it, where that is set up."""
        try:
            yield
        except Refused as refused:
            if isinstance(refused.refusal, NoAddress) and self._ip_links.can_be_made:
                refused.refusal = refused.refusal.model_copy(update={"can_find": True})
            raise

    def _answer(self, command: Intent, asked: Interaction, person: Person) -> Message | None:
        """Return the answer for somebody; None where a form opens, or the answer follows.

        Raises:
            Refused: they may not, or it is not possible.
            NeedsDirectory: too little is known of them.
        """
        match command:
            case OpenForm():
                self._policy().check_standing(person)
                self.forms.open_request(command, asked, person)
                return None
            case OpenEmergencyForm():
                self.forms.open_emergency(command, asked, person)
                return None
            case OpenExtensionForm():
                self.forms.open_extension(command, asked)
                return None
            case ShowSources() | ShowConnect():
                self._ask_provider(command, asked)
                return None
            case _ if isinstance(command, PageQuery):
                return self._pages.show(command, asked, person)
            case Adopt():
                self._adopt(command, asked, person)
                return None
            case _:
                return self._carry_out(command, asked)

    def _adopt(self, command: Adopt, asked: Interaction, person: Person) -> None:
        """Look whether the rule is there before approvers are asked about it."""
        self._access.dry_run(command, person, origin=asked.origin)

        def act(person: Person) -> Message | None:
            self._queries.check_rule(command.cluster, command.source, person)
            return self._carry_out(command, asked)

        self._ask_about(command.cluster, act, asked)

    def _carry_out(self, command: Command, asked: Interaction) -> Message | None:
        """Carry a command out at once if Slack need not be asked, else save it for later."""
        try:
            answer = self._access.carry_out(command, self._known(asked), origin=asked.origin)
        except NeedsDirectory:
            self._defer(command, asked)
            return None
        return messages.render(answer) if answer is not None else None

    def _known(self, asked: Interaction) -> Person:
        """Return who somebody is as far as that is known without asking Slack."""
        return self._directory.known(asked.user_id, asked.team_id)

    def _defer(self, command: Command, asked: Interaction) -> None:
        self._access.defer(command, asked.reply_to, team_id=asked.team_id, origin=asked.origin)

    def _reach(self, asked: Interaction) -> Callable[[Message], None]:
        return lambda message: self._background.reach(asked, message)

    def _answer_later(
        self,
        asked: Interaction,
        act: Callable[[Person], Message | None],
        tell: Callable[[Message], None],
    ) -> None:
        """Answer by a background task: Slack has to be asked."""
        self._background.look_up(lambda: self._tell(asked, act, tell))

    def _ask_provider(self, query: _OfProvider, asked: Interaction) -> None:
        self._ask_about(query.cluster, lambda person: self._pages.show(query, asked, person), asked)

    def _ask_about(
        self, cluster: str, act: Callable[[Person], Message | None], asked: Interaction
    ) -> None:
        """Answer by a background task that asks DigitalOcean about a cluster; it may take long."""
        self._background.make_page(cluster, lambda: self._tell(asked, act, self._reach(asked)))

    def _connect(self, press: Press) -> None:
        """Open the form before DigitalOcean is asked: it can be opened for three seconds only."""
        asked = press.interaction
        cluster = self._queries.cluster_of_grant(press.number, press.mark)
        query = ShowConnect(cluster, in_form=True)

        def show(view_id: str, message: Message) -> None:
            self._background.update_view(messages.connect_form(cluster, message), view_id, "")

        def ask(view_id: str) -> None:
            self._background.make_page(
                cluster,
                lambda: self._tell(
                    asked,
                    lambda person: self._pages.show(query, asked, person),
                    lambda message: show(view_id, message),
                ),
            )

        self._background.open_view(
            messages.connect_form(cluster, messages.connect_loading()),
            asked,
            otherwise=messages.connect_form_not_opened(cluster),
            then=ask,
        )

    def _tell(
        self,
        asked: Interaction,
        act: Callable[[Person], Message | None],
        tell: Callable[[Message], None],
    ) -> None:
        message = answer_or_failure(
            "query failed",
            lambda: self._directory.decide(asked.user_id, asked.team_id, act),
        )
        if message is not None:
            tell(message)


def _is_saved(command: Intent) -> TypeGuard[Command]:
    """Tell whether it is saved at once; of a rule to adopt, DigitalOcean is asked first."""
    return not isinstance(command, _Form | PageQuery | Adopt)


def _says_all(command: Command, text: str) -> bool:
    """Tell whether somebody named the cluster, so that it does not depend on what they may see."""
    return not isinstance(command, RequestAccess) or names(text, command.cluster)
