"""Forms as people use them: opened, changed while they choose, and read."""

from typing import Any

from dbaccess_playground.slack.conversations import Message
from dbaccess_playground.slack.dispatch import Answer
from tests.scenarios.world import RITA, World

Json = dict[str, Any]


def opened(world: World, text: str = "", *, by: str = RITA) -> Json:
    """Type a command that opens the form; return it."""
    answer = world.types(by, text)
    assert answer.text == ""
    return world.eventually(lambda: world.slack.modal(by))


def form_of(world: World, by: str = RITA) -> Json:
    """The form that somebody has before them."""
    form = world.slack.modal(by)
    assert form is not None
    return form


def chooses(world: World, field: str, value: str, *, by: str = RITA) -> Json:
    """Choose a cluster or kind; return the form as it is shown then."""
    before = form_of(world, by)
    answer = world.slack.click(by, before, field, value=value)
    assert answer.status == 200
    return world.eventually(lambda: _changed(world, by, before["hash"]))


def block(form: Json, name: str) -> Json:
    """The block of a field, whatever it is about."""
    blocks: dict[str, Json] = {b["block_id"].partition(":")[0]: b for b in form["blocks"]}
    return blocks[name]


def shown(form: Json) -> list[str]:
    """The ids of the blocks, from top to bottom."""
    return [one["block_id"] for one in form["blocks"]]


def offered(form: Json, name: str) -> list[str]:
    """The values of a menu."""
    return [option["value"] for option in block(form, name)["element"]["options"]]


def filled_in(form: Json, name: str) -> str:
    """What stands in a field at first."""
    element = block(form, name)["element"]
    chosen = element.get("initial_option", {}).get("value", "")
    return str(element.get("initial_value", chosen))


def holds(form: Json, name: str) -> str:
    """What a field holds now."""
    where = block(form, name)
    state = form["state"]["values"][where["block_id"]][where["element"]["action_id"]]
    option = state.get("selected_option")
    return str(option["value"] if option else state.get("value") or "")


def _changed(world: World, by: str, view_hash: str) -> Json | None:
    now = world.slack.modal(by)
    return now if now and now["hash"] != view_hash else None


def presses_extend(world: World, message: Message, *, by: str = RITA) -> Json:
    """Press `Extend…`; return the form."""
    world.slack.click(by, message, "Extend…")
    return world.eventually(lambda: world.slack.modal(by))


def extends(world: World, message: Message, *, by: str = RITA, **fields: str) -> Answer:
    """Press `Extend…` and send the form off."""
    presses_extend(world, message, by=by)
    answer = world.slack.submit(by, fields)
    world.settle()
    return answer
