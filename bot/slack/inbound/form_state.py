"""Form state: what stands in a form that asks for access, sent off or still open.

What it holds is found by the field's name, whatever its block is about at the moment.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from math import inf
from typing import Any

from bot.domain.filled_forms import FilledForm
from bot.domain.kept_form import KeptForm
from bot.domain.limits import SOURCE_CHARACTERS
from bot.domain.queries import OpenEmergencyForm, OpenExtensionForm, OpenForm
from bot.domain.refusal import Field, Refused
from bot.domain.sources import SourceType, TrustedSource, parse_source
from bot.domain.typed_text import one_line
from bot.slack.inbound.payloads import (
    EMERGENCY_FORM,
    REQUEST_FORM,
    Interaction,
    interactive,
    number_of,
    origin,
    reading,
    response_url,
)
from bot.slack.messages import Button, Filled, Part, form_error
from bot.store.ip_links import IpLink


@dataclass(frozen=True)
class FormState:
    """What a form holds: texts by field; and the ids of the blocks that show the fields.

    `address` is what was typed before another type of source was chosen; `acted_at` is when it was
    changed or submitted, in Unix seconds, if Slack says so. `number` is the grant that it is about,
    if any, and `mark` the pressed button's mark of that. `pressed` is the address on the button
    that was pressed in the form, or that a browser brought (`is_read`); `link` is the page that it
    shows already.
    """

    form: str
    view_id: str
    view_hash: str
    held: Mapping[str, str]
    block_ids: Mapping[str, str]
    address: str
    acted_at: float
    interaction: Interaction
    number: int = 0
    mark: str | None = None
    pressed: str = ""
    is_read: bool = False
    link: str = ""

    @property
    def kind(self) -> str:
        """The type of source that the form asks for; without a picker, an address."""
        _, _, kind = self.block_ids.get(Part.SOURCE, "").partition(":")
        return kind.partition(":")[0] or SourceType.IP_ADDR

    @property
    def typed(self) -> FilledForm:
        """The fields of the request; a typed duration takes precedence over a chosen one."""
        return FilledForm(
            cluster=self._holds(Part.CLUSTER),
            source=self._holds(Part.SOURCE),
            duration=self._holds(Part.DURATION).strip() or self._holds(Part.LENGTH),
            reason=self._holds(Part.REASON),
        )

    @property
    def filled(self) -> Filled:
        """What is filled in, to be shown again with other choices."""
        source = self._holds(Part.SOURCE)
        is_address = self.kind == SourceType.IP_ADDR
        wanted = self._holds(Part.KIND) or self.kind
        return _with_pick(
            Filled(
                cluster=self._holds(Part.CLUSTER),
                kind=SourceType(wanted) if wanted in set(SourceType) else SourceType.IP_ADDR,
                address=self.pressed or (source if is_address else self.address),
                is_new=bool(self.pressed),
                is_read=self.is_read,
                link="" if self.pressed else self.link,
                length=self._holds(Part.LENGTH),
                duration=self._holds(Part.DURATION),
                reason=self._holds(Part.REASON),
            ),
            "" if is_address else source,
        )

    def kept(self) -> KeptForm:
        """Return what is kept of it while somebody has their address read."""
        return KeptForm(
            form_id=self.view_id,
            is_emergency=self.form == EMERGENCY_FORM,
            cluster=self._holds(Part.CLUSTER),
            length=self._holds(Part.LENGTH),
            duration=self._holds(Part.DURATION),
            reason=self._holds(Part.REASON),
        )

    def errors(self, refused: Refused) -> dict[str, str]:
        """Return what is wrong, block by block; of two things wrong with one, the first."""
        found: dict[str, str] = {}
        for one in (refused, *refused.others):
            found.setdefault(self.block_of(one.field), form_error(one.refusal))
        return found

    def block_of(self, field: Field | None) -> str:
        """Return the id of the block at which to show what is wrong with a field."""
        part = field or Field.CLUSTER
        if part is Field.DURATION and not self._holds(Part.DURATION).strip():
            return self.block_ids.get(Part.LENGTH) or Part.DURATION
        return self.block_ids.get(part) or next(iter(self.block_ids.values()), part)

    def _holds(self, part: Part) -> str:
        return self.held.get(part, "")


@dataclass(frozen=True)
class Search:
    """Somebody types into a picker of one kind of source."""

    kind: SourceType
    typed: str
    interaction: Interaction


def filled_by(form: OpenForm | OpenEmergencyForm, cluster: str) -> Filled:
    """Return what is filled in when a command opens a form."""
    is_unclear = isinstance(form, OpenForm) and form.is_unclear
    filled = Filled(
        cluster=cluster, duration=form.duration, reason=form.reason, is_unclear=is_unclear
    )
    with_pick = _with_pick(filled, form.source)
    if with_pick.picked is None:
        return replace(filled, address=form.source)
    return replace(with_pick, kind=with_pick.picked.type)


def from_form(body: dict[str, Any]) -> FormState:
    """Read a form that was submitted, or in which something was chosen.

    Raises:
        Unreadable: it does not say what it must.
    """
    with reading("a form"):
        view = body["view"]
        metadata = json.loads(view.get("private_metadata") or "{}")
        held, block_ids = {}, {}
        for block_id, states in view["state"]["values"].items():
            (state,) = states.values()
            part = block_id.partition(":")[0]
            held[part], block_ids[part] = _text(state), block_id
        interaction = interactive(body, origin("view", view["id"]))
        return FormState(
            form=str(view["callback_id"]),
            view_id=str(view["id"]),
            view_hash=str(view.get("hash") or ""),
            held=held,
            block_ids=block_ids,
            address=str(metadata.get("address") or ""),
            acted_at=float(body["actions"][0]["action_ts"]) if "actions" in body else 0.0,
            interaction=replace(
                interaction, response_url=response_url(metadata.get("response_url"))
            ),
            number=number_of(metadata.get("number", 0)),
            mark=metadata.get("mark"),
            pressed=_pressed_address(body),
            link=str(metadata.get("link") or ""),
        )


def address_state(link: IpLink, kept: KeptForm, source: TrustedSource) -> FormState:
    """Return the form for which an address was read, with that in the place of what was typed.

    What else was typed since stands in it all the same: Slack keeps it.
    """
    held: dict[str, str] = {
        Part.CLUSTER: kept.cluster,
        Part.LENGTH: kept.length,
        Part.DURATION: kept.duration,
        Part.REASON: kept.reason,
    }
    return FormState(
        form=EMERGENCY_FORM if kept.is_emergency else REQUEST_FORM,
        view_id=kept.form_id,
        view_hash="",
        held=held,
        block_ids={},
        address="",
        acted_at=inf,
        interaction=Interaction(
            user_id=link.reply_to.user_id,
            team_id=link.team_id,
            channel_id="",
            origin="",
            trigger_id="",
            response_url=link.reply_to.address,
        ),
        pressed=str(source),
        is_read=True,
    )


def from_search(body: dict[str, Any]) -> Search:
    """Read what somebody typed into a picker.

    Raises:
        Unreadable: it does not say what is looked for.
    """
    with reading("a search"):
        kind = SourceType(str(body["block_id"]).partition(":")[2])
        if kind is SourceType.IP_ADDR:
            raise ValueError("addresses are in no list")
        return Search(kind, str(body.get("value") or ""), interactive(body, "search"))


def metadata_of(asked: Interaction, filled: Filled) -> str:
    """Return a form's metadata: where to answer, and what it does not show at the moment."""
    address = filled.address[:SOURCE_CHARACTERS]
    carried = {"response_url": asked.response_url, "address": address, "link": filled.link}
    return json.dumps(carried)


def extension_metadata(asked: Interaction, form: OpenExtensionForm) -> str:
    """Return the extension form's metadata: where to answer, and which grant it is about."""
    carried = {"response_url": asked.response_url, "number": form.grant_id, "mark": form.mark}
    return json.dumps(carried)


def _pressed_address(body: dict[str, Any]) -> str:
    """Return the address of the button that was pressed in a form, if it was such a one."""
    [action, *_] = body.get("actions") or [{}]
    if action.get("action_id") != Button.USE_ADDRESS:
        return ""
    return one_line(str(action.get("value") or ""))[:SOURCE_CHARACTERS]


def _text(state: Mapping[str, Any]) -> str:
    option = state.get("selected_option")
    return str(option["value"]) if option else str(state.get("value") or "")


def _with_pick(filled: Filled, source: str) -> Filled:
    try:
        picked = parse_source(source)
    except Refused:
        return filled
    return filled if picked.type is SourceType.IP_ADDR else replace(filled, picked=picked)
