"""Forms: opened after the acknowledgement, and read when they are sent off."""

from collections.abc import Callable

from bot.access import Access
from bot.domain.commands import read_emergency_form, read_form
from bot.domain.policy import Policy
from bot.domain.refusal import Field, NotYours, Refused
from bot.domain.screens import OpenEmergencyForm, OpenForm
from bot.domain.wishes import Wish
from bot.slack import messages
from bot.slack.asker import Asker
from bot.slack.interaction import (
    Interaction,
    RequestForm,
    denial_metadata,
    form_metadata,
)
from bot.slack.later import Later
from bot.slack.pages import Pages


class Forms:
    """Opens forms and takes them in, in any thread."""

    def __init__(
        self,
        access: Access,
        asker: Asker,
        pages: Pages,
        policy: Callable[[], Policy],
        later: Later,
    ) -> None:
        self._access = access
        self._asker = asker
        self._pages = pages
        self._policy = policy
        self._later = later

    def open_request(self, form: OpenForm, asked: Interaction) -> None:
        """Open the form that asks for access.

        Raises:
            Refused: there is no cluster that they may ask for.
        """
        clusters = self._pages.clusters_to_ask_for(asked.user_id)
        if not clusters:
            raise NotYours("There is no cluster that you may ask for.")
        chosen = form.cluster or self._policy().cluster_of_channel(asked.channel_id)
        view = messages.request_modal(
            clusters,
            chosen=chosen if chosen in clusters else None,
            source=form.source,
            duration=form.duration,
            reason=form.reason,
            private_metadata=form_metadata(asked.response_url),
        )
        otherwise = "Write it instead: `/dbaccess request 203.0.113.4 2h orders`."
        self._later.open_view(view, asked, otherwise=otherwise)

    def open_emergency(self, form: OpenEmergencyForm, asked: Interaction) -> None:
        """Open the form that confirms an emergency.

        Raises:
            Refused: there is no cluster where they may break the glass.
        """
        clusters = self._pages.clusters_for_emergencies(asked.user_id)
        if not clusters:
            raise NotYours(
                "There is no cluster to which you have emergency access. "
                "`/dbaccess request` asks for access in the usual way."
            )
        if form.cluster and form.cluster not in clusters:
            raise NotYours(
                f"You have no emergency access to `{form.cluster}`. "
                "`/dbaccess request` asks for access in the usual way."
            )
        only = next(iter(clusters)) if len(clusters) == 1 else None
        view = messages.emergency_modal(
            clusters,
            chosen=form.cluster or only,
            source=form.source,
            duration=form.duration,
            reason=form.reason,
            private_metadata=form_metadata(asked.response_url),
        )
        otherwise = "Press it again, or write `/dbaccess emergency` once more."
        self._later.open_view(view, asked, otherwise=otherwise)

    def open_denial(self, request_id: int, asked: Interaction) -> None:
        """Open the form that asks an approver why not."""
        view = messages.deny_modal(
            request_id,
            summary=self._pages.summary(request_id),
            private_metadata=denial_metadata(request_id, asked.response_url),
        )
        otherwise = "Nothing was changed; press Deny again."
        self._later.open_view(view, asked, otherwise=otherwise)

    def request_sent(self, form: RequestForm) -> dict[str, str]:
        """Take a form that asks for access; return what is wrong with it, field by field."""
        return self._sent(form, lambda: read_form(self._policy(), **form.typed))

    def emergency_sent(self, form: RequestForm) -> dict[str, str]:
        """Take an emergency's form; return what is wrong with it, field by field."""
        return self._sent(form, lambda: read_emergency_form(self._policy(), **form.typed))

    def _sent(self, form: RequestForm, read: Callable[[], Wish]) -> dict[str, str]:
        asked = form.interaction
        try:
            wish = read()
            person = self._asker.now(wish, asked)
            if person is not None:
                self._access.rehearse(wish, person)
        except Refused as refused:
            field = refused.field or Field.CLUSTER
            return {field: refused.sentence.replace("`", "")}
        self._asker.put_aside(wish, asked)
        return {}
