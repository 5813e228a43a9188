"""Forms: opened after the acknowledgement, updated at each choice, read when submitted."""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from typing import Any, Protocol

from bot.access import AccessService
from bot.domain.commands import Command
from bot.domain.durations import limit_examples
from bot.domain.filled_forms import FilledForm, read_emergency_form, read_extension_form, read_form
from bot.domain.people import NeedsDirectory, Person
from bot.domain.policy import Policy
from bot.domain.queries import OpenEmergencyForm, OpenExtensionForm, OpenForm
from bot.domain.reading import check_emergency_offered, check_request_offered
from bot.domain.refusal import Field, NamesClusters, Problems, Refused
from bot.domain.refusals.rights import CannotTell
from bot.domain.sources import TrustedSource, parse_source
from bot.ip_links import IpLinks
from bot.slack import messages
from bot.slack.inbound.ack_deadline import AckDeadline
from bot.slack.inbound.background_tasks import BackgroundTasks
from bot.slack.inbound.failures import answer_or_failure, send_again
from bot.slack.inbound.form_state import (
    FormState,
    Search,
    address_state,
    extension_metadata,
    filled_by,
    metadata_of,
)
from bot.slack.inbound.latest_update import LatestUpdate
from bot.slack.inbound.options import Options
from bot.slack.inbound.payloads import (
    AS_ASKED,
    EMERGENCY_FORM,
    REQUEST_FORM,
    Interaction,
    Press,
    press_metadata,
)
from bot.slack.messages import Filled
from bot.slack.queries import Queries
from bot.slack.users.directory import Directory
from bot.store.failures import DATABASE_UNAVAILABLE
from bot.store.ip_links import IpLink


class _Reader(Protocol):
    """Reads a filled-in form by a policy, as `read_form` does."""

    def __call__(self, policy: Policy, form: FilledForm, *, by_policy: bool = True) -> Command: ...


class Forms:
    """Opens forms and takes them in, in any thread."""

    def __init__(
        self,
        access: AccessService,
        directory: Directory,
        options: Options,
        queries: Queries,
        policy: Callable[[], Policy],
        defer: Callable[[Command, Interaction], None],
        background: BackgroundTasks,
        deadline: AckDeadline,
        ip_links: IpLinks,
    ) -> None:
        self._access = access
        self._directory = directory
        self._options = options
        self._queries = queries
        self._policy = policy
        self._defer = defer
        self._background = background
        self._deadline = deadline
        self._ip_links = ip_links
        self._latest_update = LatestUpdate()

    def open_request(self, form: OpenForm, asked: Interaction, person: Person) -> None:
        """Open the form that asks for access.

        Raises:
            Refused: there is no cluster that they may ask for.
        """
        policy = self._options.clusters(person)
        check_request_offered(policy)
        named = form.cluster if form.cluster in policy.clusters else ""
        of_channel = policy.cluster_of_channel(asked.channel_id) if form.is_of_channel else None
        chosen = named or of_channel or ""
        view = self._request_form(policy, filled_by(form, chosen), asked)
        self._background.open_view(view, asked, otherwise=messages.request_form_not_opened())
        self._options.get_ready(policy.clusters.values())

    def open_emergency(self, form: OpenEmergencyForm, asked: Interaction, person: Person) -> None:
        """Open the form that confirms an emergency.

        Raises:
            Refused: there is no cluster where they may break the glass.
        """
        policy = self._options.emergencies(person)
        check_emergency_offered(policy, form.cluster)
        only = next(iter(policy.clusters)) if len(policy.clusters) == 1 else ""
        filled = replace(filled_by(form, form.cluster or only), address=form.source)
        view = self._emergency_form(policy, filled, asked)
        self._background.open_view(view, asked, otherwise=messages.emergency_form_not_opened())

    def open_extension(self, form: OpenExtensionForm, asked: Interaction) -> None:
        """Open the form that asks for more time.

        Raises:
            Refused: there is nothing that they may extend.
        """
        self._once_known(asked, lambda person: self._open_extension_for(person, form, asked))

    def open_my_ip(self, asked: Interaction) -> None:
        """Show the link that reads somebody's address, in a form."""
        self._once_known(asked, lambda person: self._open_my_ip_for(person, asked))

    def open_denial(self, press: Press) -> None:
        """Open the form that asks an approver why not."""
        self._once_known(press.interaction, lambda person: self._open_denial_for(person, press))

    def open_approval(self, press: Press) -> None:
        """Open the form for an approval with a message, perhaps for less time."""
        self._once_known(press.interaction, lambda person: self._open_approval_for(person, press))

    def changed(self, state: FormState) -> None:
        """Show what goes with the cluster or type that was just chosen; the rest stays as it is."""
        if state.form in (REQUEST_FORM, EMERGENCY_FORM):
            self._latest_update.take(state.view_id, state.acted_at)
            self._options.once_known(state.interaction, lambda person: self._redraw(state, person))

    def read_address(self, state: FormState) -> None:
        """Make the page that reads somebody's address, and show it in the form that it is for.

        It is made at the press: it works for ten minutes, and a form may stand for longer.

        Raises:
            Refused: they have several unused ones already.
        """
        asked = state.interaction
        link = self._ip_links.make(asked.reply_to, asked.team_id, form=state.kept())
        self._latest_update.take(state.view_id, state.acted_at)
        shown = replace(state, link=link or "")
        self._options.once_known(asked, lambda person: self._redraw(shown, person))

    def fill_in(self, link: IpLink, source: TrustedSource) -> None:
        """Fill the address that a link read into the form that it is for, if that is open."""
        if link.form is None:
            return
        state = address_state(link, link.form, source)
        self._options.once_known(state.interaction, lambda person: self._redraw(state, person))

    def _redraw(self, state: FormState, person: Person) -> None:
        is_emergency = state.form == EMERGENCY_FORM
        choices = self._options.emergencies if is_emergency else self._options.clusters
        policy = choices(person)
        if not policy.clusters:
            return
        draw = self._emergency_form if is_emergency else self._request_form
        view = draw(policy, state.filled, state.interaction)
        self._background.update_view(
            view,
            state.view_id,
            state.view_hash,
            is_wanted=lambda: self._latest_update.is_last(state.view_id, state.acted_at),
        )

    def options(self, search: Search) -> list[dict[str, Any]]:
        """Return what a picker offers for what somebody typed."""
        return self._options.sources(search)

    def request_sent(self, state: FormState) -> dict[str, str]:
        """Take a form that asks for access; return what is wrong with it, block by block."""
        return self._sent(state, lambda: self._read(state, read_form))

    def emergency_sent(self, state: FormState) -> dict[str, str]:
        """Take an emergency's form; return what is wrong with it, block by block."""
        return self._sent(state, lambda: self._read(state, read_emergency_form))

    def extension_sent(self, state: FormState) -> dict[str, str]:
        """Take a form that asks for more time; return what is wrong with it, block by block."""
        return self._sent(state, lambda: self._read_extension(state))

    def _open_extension_for(
        self, person: Person, form: OpenExtensionForm, asked: Interaction
    ) -> None:
        terms = self._access.extension_terms(form.grant_id, form.mark, person)
        metadata = extension_metadata(asked, form)
        view = messages.extension_form(
            terms, Filled(reason=form.reason, duration=form.duration), private_metadata=metadata
        )
        otherwise = messages.extension_form_not_opened(form.grant_id)
        self._background.open_view(view, asked, otherwise=otherwise)

    def _open_my_ip_for(self, person: Person, asked: Interaction) -> None:
        self._policy().check_standing(person)
        url = self._ip_links.make(asked.reply_to, asked.team_id)
        page = messages.myip_link(url) if url else messages.myip_not_set_up()
        self._background.open_view(messages.myip_form(page), asked, otherwise=page)

    def _open_denial_for(self, person: Person, press: Press) -> None:
        view = messages.deny_modal(
            press.number,
            self._queries.undecided(press.number, person),
            private_metadata=press_metadata(press),
        )
        otherwise = messages.denial_form_not_opened()
        self._background.open_view(view, press.interaction, otherwise=otherwise)

    def _open_approval_for(self, person: Person, press: Press) -> None:
        view = messages.approve_form(
            press.number,
            self._queries.undecided(press.number, person),
            as_asked=AS_ASKED,
            private_metadata=press_metadata(press),
        )
        otherwise = messages.approval_form_not_opened()
        self._background.open_view(view, press.interaction, otherwise=otherwise)

    def _once_known(self, asked: Interaction, open_for: Callable[[Person], None]) -> None:
        """Open a form that depends on who somebody is, or say why it cannot be opened."""
        try:
            open_for(self._directory.known(asked.user_id, asked.team_id))
        except NeedsDirectory:
            self._background.look_up(lambda: self._ask_and_open(asked, open_for))

    def _ask_and_open(self, asked: Interaction, open_for: Callable[[Person], None]) -> None:
        message = answer_or_failure(
            "form failed",
            lambda: self._directory.decide(asked.user_id, asked.team_id, open_for),
        )
        if message is not None:
            self._background.reach(asked, message)

    def _request_form(self, policy: Policy, filled: Filled, asked: Interaction) -> dict[str, Any]:
        named = replace(filled, picked_name=self._options.name_of(filled.picked))
        offered = self._with_addresses(policy, named, asked)
        metadata = metadata_of(asked, offered)
        return messages.request_form(policy.clusters, offered, private_metadata=metadata)

    def _emergency_form(self, policy: Policy, filled: Filled, asked: Interaction) -> dict[str, Any]:
        offered = self._with_addresses(policy, filled, asked)
        metadata = metadata_of(asked, offered)
        return messages.emergency_form(policy.clusters, offered, private_metadata=metadata)

    def _with_addresses(self, policy: Policy, filled: Filled, asked: Interaction) -> Filled:
        """Offer the address that somebody used last, where it would be taken."""
        last = ""
        with suppress(*DATABASE_UNAVAILABLE):  # the form opens all the same
            last = self._queries.last_address(asked.user_id, filled.cluster)
        cluster = policy.clusters.get(filled.cluster)
        takers = [cluster] if cluster else policy.clusters.values()
        if last:
            last = last if any(one.takes(parse_source(last)) for one in takers) else ""
        return replace(filled, last=last, can_read=self._ip_links.can_be_made)

    def _sent(self, state: FormState, read: Callable[[], Command]) -> dict[str, str]:
        """Accept a form, or keep it open if the database is unavailable: each form counts once."""
        try:
            return self._deadline.within(
                lambda: self._taken_in(state, read),
                lambda _: {state.block_of(None): messages.send_again()},
            )
        except DATABASE_UNAVAILABLE as error:
            return {state.block_of(None): send_again(error)}

    def _taken_in(self, state: FormState, read: Callable[[], Command]) -> dict[str, str]:
        """Check a form by what was last known of its sender; its command is checked again later."""
        asked = state.interaction
        try:
            command = read()
            self._dry_run(command, asked)
        except Refused as refused:
            return state.errors(refused)
        self._defer(command, asked)
        return {}

    def _dry_run(self, command: Command, asked: Interaction) -> None:
        with suppress(NeedsDirectory):  # Slack is asked before it is carried out
            sender = self._directory.last_known(asked.user_id, asked.team_id)
            self._access.dry_run(command, sender)

    def _read(self, state: FormState, read: _Reader) -> Command:
        """Read a form; clusters that somebody may not see do not exist for them."""
        problems = Problems()
        with problems.about(Field.SOURCE):
            messages.refuse_not_listed(state.kind, state.typed.source)
        with problems.about(Field.CLUSTER):
            command = self._read_seen(state, read)
        problems.check()
        return command

    def _read_seen(self, state: FormState, read: _Reader) -> Command:
        seen = self._options.seen_lately(state.interaction)
        if seen is not None:
            return read(seen, self._typed(state))
        try:
            return read(self._policy(), self._typed(state), by_policy=False)
        except NamesClusters as refused:
            unknown = Refused(CannotTell())
            unknown.others = refused.others
            raise unknown from None

    def _typed(self, state: FormState) -> FilledForm:
        local_now = self._directory.local_time(state.interaction.user_id)
        return replace(state.typed, local_now=local_now)

    def _longest_extension(self, state: FormState) -> timedelta | None:
        """Return how much may be added, None if that is not known."""
        asked = state.interaction
        sender = self._directory.last_known(asked.user_id, asked.team_id)
        with suppress(Refused, NeedsDirectory):
            return self._access.extension_terms(state.number, state.mark, sender).longest
        return None

    def _read_extension(self, state: FormState) -> Command:
        """Read a form for more time; where its duration is wrong, find out what else is."""
        typed = self._typed(state)

        def extend(form: FilledForm) -> Command:
            return read_extension_form(form, grant_id=state.number, mark=state.mark)

        try:
            return extend(typed)
        except Refused as misread:
            limit_examples(misread, self._longest_extension(state))
            try:
                self._dry_run(extend(replace(typed, duration="")), state.interaction)
            except Refused as refused:
                misread.others = (refused, *refused.others)
            raise
