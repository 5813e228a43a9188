"""`dbaccess token inspect`: all about a token, with the reason that HTTP keeps to itself."""

import json
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from getpass import getpass
from pathlib import Path
from typing import Any

import typer

from bot.cli import frame
from bot.cli.policy_reasons import Reason, Reasons
from bot.clock import SystemClock
from bot.config import policy_file
from bot.domain.durations import show_duration
from bot.domain.machines import is_subject
from bot.domain.policy import Policy
from bot.domain.typed_text import one_line
from bot.domain.written_policy import AutoApproval
from bot.faults import Fault
from bot.machines.token_text import BadToken, TokenText, read_token
from bot.machines.tokens import IssuerUnavailable, TokenVerifier

_MOST_CHARACTERS = 64 * 1024
_SCHEME = "bearer "


@dataclass(frozen=True)
class _Taking:
    """A written policy that takes a machine: of which cluster, and where it stands."""

    cluster: str
    approval: AutoApproval
    reason: Reason

    @property
    def sources(self) -> list[str]:
        return [str(network) for network in self.approval.sources]

    @property
    def longest(self) -> str:
        return show_duration(self.approval.max_duration)


@dataclass(frozen=True)
class _Inspected:
    """All there is to say; `refused` is empty for a genuine token, `machine` where there is none.

    Where the token is refused, `machine` and `taking` are what would hold otherwise.
    """

    said: TokenText
    refused: str
    machine: str
    details: Mapping[str, str]
    taking: Sequence[_Taking]


def inspect(file: Path | None, *, as_json: bool) -> None:
    """Print what there is to say about a token, in a file or on standard input.

    Raises:
        typer.Exit: 1 where it is refused, or nothing can be said.
    """
    policy_at = policy_file()
    policy = frame.policy_in(policy_at)
    with frame.telling_faults():
        found = _inspected(_token(file), policy, Reasons(policy, policy_at))
    typer.echo(_as_json(found) if as_json else "\n".join(_lines(found)))
    if found.refused:
        raise typer.Exit(1)


def _token(file: Path | None) -> str:
    if file is not None and not file.is_file():
        raise Fault("There is no such file. Pipe the token in: shells remember what is typed.")
    if file is not None:
        text = file.read_text(encoding="utf-8", errors="replace")
    elif sys.stdin.isatty():
        text = getpass("Token (it is not shown): ")
    else:
        text = sys.stdin.read(_MOST_CHARACTERS)
    token = text.strip()
    if token.lower().startswith(_SCHEME):
        token = token[len(_SCHEME) :].strip()
    if not token:
        raise Fault("There is no token. Pipe it in, or name a file with it.")
    return token


def _inspected(token: str, policy: Policy, reasons: Reasons) -> _Inspected:
    try:
        said = read_token(token)
    except BadToken as bad:
        raise Fault(f"This is no token: {bad}.") from bad
    details: Mapping[str, str] = {}
    refused, machine = "", _named_by(said, policy)
    try:
        found = TokenVerifier(lambda: policy, SystemClock()).examine(token)
        machine, details = found.principal, found.details
    except BadToken as bad:
        refused = str(bad)
    except IssuerUnavailable as away:
        refused = f"nobody can tell, since the keys of its issuer cannot be read ({away})"
    return _Inspected(said, refused, machine, details, list(_taking(machine, policy, reasons)))


def _named_by(said: TokenText, policy: Policy) -> str:
    """Return the machine that a token speaks of, whether it is genuine or not."""
    subject = said.claims.get("sub")
    for name, issuer in policy.machines.items():
        if issuer.issuer == said.claims.get("iss") and is_subject(str(subject)):
            return f"{name}:{subject}"
    return ""


def _taking(machine: str, policy: Policy, reasons: Reasons) -> Iterator[_Taking]:
    for alias, cluster in policy.clusters.items():
        for number, approval in enumerate(cluster.auto_approve):
            if approval.names_machine(machine):
                yield _Taking(alias, approval, reasons.of_machines(alias, number))


def _lines(found: _Inspected) -> Iterator[str]:
    yield f"Refused: {one_line(found.refused)}." if found.refused else "Genuine."
    if found.machine:
        yield f"Machine: {found.machine}"
    yield from _about(found)
    for title, values in (("Header", found.said.header), ("Claims", found.said.claims)):
        yield f"{title}:"
        yield from (f"  {json.dumps(name)[1:-1]} = {json.dumps(values[name])}" for name in values)


def _about(found: _Inspected) -> Iterator[str]:
    if not found.taking:
        yield "No written policy takes it."
        return
    yield "Written policies that would take it:" if found.refused else "Written policies:"
    for one in found.taking:
        where = ", ".join(one.sources) or "any address that the cluster takes"
        yield f"  {one.cluster}: up to {one.longest}, from {where}"
        yield f"    {one.reason.place}  {one.reason.key} = {one.reason.value}"


def _as_json(found: _Inspected) -> str:
    about: dict[str, Any] = {
        "genuine": not found.refused,
        "refused": found.refused or None,
        "machine": found.machine or None,
        "details": dict(found.details),
        "policies": [
            {
                "cluster": one.cluster,
                "max_duration": one.longest,
                "sources": one.sources,
                "key": one.reason.key,
                "place": one.reason.place,
            }
            for one in found.taking
        ],
        "header": found.said.header,
        "claims": found.said.claims,
    }
    return json.dumps(about, indent=2)
