"""The two files, made of the examples: their comments stay, their values are replaced."""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta

from bot.checks.secret_shapes import masked
from bot.cli.init.clusters import Cluster
from bot.cli.init.people import EVERYONE, Principal
from bot.cli.init.shipped import ENVIRONMENT_EXAMPLE, POLICY_EXAMPLE, shipped
from bot.domain.durations import show_duration
from bot.domain.typed_text import one_line
from bot.slack.workspace_names import NamedChannel

_COLUMN = 32  # where comments begin, as in the example
_HOUR = timedelta(hours=1)
_ASSIGNMENT = re.compile(r"(?P<key>[a-z_]+) = (?P<value>\S.*?)(?:\s+# (?P<comment>.*))?")
_VARIABLE = re.compile(r"#?(?P<name>[A-Z][A-Z0-9_]*)=.*")
_SECRET = re.compile(r"_(TOKEN|SECRET|KEY)$")
_HEAD = (
    "Copy to .env. Nothing in it belongs into version control.",
    "Written by `dbaccess init`. Nothing in it belongs into version control.",
)
_CLUSTER = "[clusters.orders]"


@dataclass(frozen=True)
class PolicyAnswers:
    """What `dbaccess.toml` is made of; the clusters by their aliases."""

    instance: str
    operators: NamedChannel
    channel: NamedChannel
    approvers: tuple[Principal, ...]
    requesters: tuple[Principal, ...]
    approvals: int
    max_duration: timedelta
    clusters: Mapping[str, Cluster]


def environment_text(values: Mapping[str, str]) -> str:
    """Return an `.env` with these values; what the example leaves out stands at its end."""
    lines, left = list[str](), dict(values)
    for line in shipped(ENVIRONMENT_EXAMPLE).replace(*_HEAD).splitlines():
        variable = _VARIABLE.fullmatch(line)
        names = (variable["name"], f"{variable['name']}_FILE") if variable else ()
        assigned = [f"{name}={left.pop(name)}" for name in names if name in left]
        lines += assigned or ([line] if line.startswith("#") else [])
    return "\n".join([*lines, *(f"{name}={value}" for name, value in left.items())]) + "\n"


def policy_text(answers: PolicyAnswers) -> str:
    """Return a `dbaccess.toml`, in which each ID has the name behind it that it was given by."""
    return "\n".join(_policy_lines(answers)) + "\n"


def _policy_lines(answers: PolicyAnswers) -> Iterator[str]:
    values, is_inside_cluster = _values(answers), False
    yield "# Written by `dbaccess init`."
    for line in shipped(POLICY_EXAMPLE).splitlines():
        assignment = _ASSIGNMENT.fullmatch(line)
        if line.startswith("#:schema"):
            continue
        if line == _CLUSTER:
            is_inside_cluster = True
            yield from _clusters(answers.clusters)
        elif is_inside_cluster and assignment:
            continue
        elif assignment and assignment["key"] in values:
            comment = assignment["comment"] or ""
            yield from _assigned(assignment["key"], values[assignment["key"]], comment)
        else:
            is_inside_cluster = False
            first = next(iter(answers.clusters))
            yield line.replace(" Copy to dbaccess.toml and fill in.", "").replace(
                "clusters.orders", f"clusters.{first}"
            )


def _values(answers: PolicyAnswers) -> dict[str, object]:
    return {
        "instance": answers.instance,
        "operators": answers.operators,
        "channel": answers.channel,
        "approvers": answers.approvers,
        "requesters": answers.requesters,
        "approvals": answers.approvals,
        "max_duration": show_duration(answers.max_duration),
        "default_duration": show_duration(min(_HOUR, answers.max_duration)),
    }


def _assigned(key: str, value: object, comment: str) -> Iterator[str]:
    match value:
        case NamedChannel(id, name):
            named = f"#{one_line(name)}: {comment}" if name else comment
            yield _line(f"{key} = {json.dumps(id)}", named)
        case tuple() if value != (EVERYONE,):
            yield _line(f"{key} = [", comment)
            yield from (_line(f"  {json.dumps(one.id)},", one.label) for one in value)
            yield "]"
        case tuple():
            yield _line(f'{key} = ["*"]', comment)
        case _:
            yield _line(f"{key} = {json.dumps(value)}", comment)


def _clusters(clusters: Mapping[str, Cluster]) -> Iterator[str]:
    for number, (alias, cluster) in enumerate(clusters.items()):
        if number:
            yield ""
        yield f"[clusters.{alias}]"
        label = f"{cluster.name}, {cluster.engine}, {one_line(cluster.listed.region)}"
        yield _line(f"id = {json.dumps(cluster.listed.id)}", label)


def _line(code: str, comment: str) -> str:
    return f"{code:<{_COLUMN - 2}}  # {comment}" if comment else code


def shown_environment(text: str) -> str:
    """Return the lines of an `.env` that are in force, without what must not be seen."""
    lines = (line for line in text.splitlines() if line and not line.startswith("#"))
    return "\n".join(
        f"{name}={masked(value) if _SECRET.search(name) else value}"
        for name, _, value in (line.partition("=") for line in lines)
    )
