"""The Web API's `views.*`: modals and Home tabs."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from dbaccess_playground.slack.errors import SlackError
from dbaccess_playground.slack.views import OpenView
from dbaccess_playground.slack.workspace import Workspace

Args = Mapping[str, Any]
Json = dict[str, Any]


def open_view(workspace: Workspace, args: Args) -> Json:
    """Open a modal for the person whose trigger id it is."""
    definition = _modal(workspace, "views.open", args)
    user_id = workspace.triggers.use(str(args.get("trigger_id", "")))
    return _shown(workspace, workspace.views.open(user_id, definition))


def push_view(workspace: Workspace, args: Args) -> Json:
    """Put a modal on top of the one that person sees."""
    definition = _modal(workspace, "views.push", args)
    user_id = workspace.triggers.use(str(args.get("trigger_id", "")))
    return _shown(workspace, workspace.views.push(user_id, definition))


def update_view(workspace: Workspace, args: Args) -> Json:
    """Change an open modal, found by view_id or external_id."""
    view = workspace.views.find(view_id=args.get("view_id"), external_id=args.get("external_id"))
    definition = workspace.view("views.update", args.get("view"))
    return _shown(workspace, workspace.views.update(view, definition, args.get("hash")))


def publish_view(workspace: Workspace, args: Args) -> Json:
    """Publish a person's Home tab."""
    person = workspace.people.person(str(args.get("user_id", "")))
    definition = workspace.view("views.publish", args.get("view"))
    if definition["type"] != "home":
        workspace.report_problems("views.publish", ["takes a view of type home"])
        raise SlackError("invalid_arguments")
    return _shown(workspace, workspace.views.publish(person.id, definition, args.get("hash")))


def _modal(workspace: Workspace, method: str, args: Args) -> Json:
    definition = workspace.view(method, args.get("view"))
    if definition["type"] != "modal":
        workspace.report_problems(method, ["takes a view of type modal"])
        raise SlackError("invalid_arguments")
    return definition


def _shown(workspace: Workspace, view: OpenView) -> Json:
    shown = view.as_slack(workspace.team_id)
    workspace.notify("home" if shown["type"] == "home" else "modal", shown)
    return {"view": shown}


METHODS: Mapping[str, tuple[str | None, Callable[[Workspace, Args], Json]]] = {
    "views.open": (None, open_view),
    "views.push": (None, push_view),
    "views.update": (None, update_view),
    "views.publish": (None, publish_view),
}
