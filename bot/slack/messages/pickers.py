"""Pickers: the menus in which Droplets, Kubernetes clusters, tags and apps are found by name."""

from collections.abc import Iterable

from bot.domain.refusal import Refused
from bot.domain.refusals.lookups import NothingToPick
from bot.domain.sources import KINDS, SourceType, TrustedSource
from bot.providers.base import ApiError, NamedSource, NotAuthorised
from bot.slack.limits import MOST_OPTIONS, OPTION_VALUE_CHARACTERS
from bot.slack.messages.blocks import Block
from bot.slack.messages.inputs import option

_NOT_LISTED = "not-listed"  # no source can be written like this


def picker(action_id: str, kind: SourceType, picked: TrustedSource | None, name: str) -> Block:
    """Return a menu whose options Slack asks for while somebody types."""
    element: Block = {
        "type": "external_select",
        "action_id": action_id,
        "placeholder": {"type": "plain_text", "text": f"Search {KINDS[kind].plural}"},
        "min_query_length": 0,
    }
    if picked is None or len(str(picked)) > OPTION_VALUE_CHARACTERS:
        return element
    return element | {"initial_option": option(name or str(picked), str(picked))}


def picks(kind: SourceType, things: Iterable[NamedSource]) -> list[Block]:
    """Return the things to choose from, by name; each stands for the source it would be."""
    options = []
    for thing in things:
        value = str(TrustedSource(kind, thing.id))
        if len(value) <= OPTION_VALUE_CHARACTERS:
            name = thing.name or thing.id
            options.append(option(name, value, thing.id if thing.id != name else ""))
    return options[:MOST_OPTIONS]


def not_listed(kind: SourceType, why: ApiError) -> list[Block]:
    """Return the one option that says why there are none: an empty menu would say "no such"."""
    silent = "DigitalOcean does not answer"
    if isinstance(why, NotAuthorised):
        silent = f"dbaccess may not list {KINDS[kind].plural}"
    return [option(f"{silent}: write {KINDS[kind].example} as a command", _NOT_LISTED)]


def not_yet_known() -> list[Block]:
    """Return the one option that asks for patience while Slack is asked who somebody is."""
    return [option("Slack is being asked what you may choose: try again", _NOT_LISTED)]


def refuse_not_listed(kind: str, value: str) -> None:
    """Refuse the choice of the option that says why there is nothing to choose.

    Raises:
        Refused: it is that one.
    """
    if value != _NOT_LISTED:
        return
    listed = SourceType(kind) if kind in set(SourceType) else SourceType.DROPLET
    raise Refused(NothingToPick(example=KINDS[listed].example))
