"""Machines: CI jobs that ask for access with a token of an OIDC issuer, and who of them is meant.

A machine is called by its principal: the issuer's key under `[machines]`, a colon, and the token's
`sub`, as in `github:repo:acme/shop:ref:refs/heads/main`.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from types import MappingProxyType
from typing import Annotated, Any

from pydantic import (
    Field,
    PlainSerializer,
    PlainValidator,
    StringConstraints,
    WithJsonSchema,
)

from bot.domain.policy_types import PolicyModel

LONGEST_SUBJECT = 255  # characters; OpenID Connect Core 1.0, section 2
LONGEST_PRINCIPAL = 32 + 1 + LONGEST_SUBJECT

_NAME = r"[a-z][a-z0-9_-]{0,31}"
_SUBJECT = re.compile(r"[!-~](?:[ -~]*[!-~])?")  # printable ASCII, no spaces around it
_WRITTEN = rf"{_NAME}:[!-~]([ -~]{{0,253}}[!-~])?"
_PATTERN = rf"^(?!.*\*\*)(?=[^:]*:.*[^*:/]){_WRITTEN}$"  # as JSON Schema has it
_OCTET = r"(25[0-5]|2[0-4][0-9]|1[0-9]{2}|[1-9]?[0-9])"
_HERE = rf"localhost|127(\.{_OCTET}){{3}}|\[::1\]"
_URL = (  # https, or http on this machine; no login, query or fragment
    rf"^(https://([A-Za-z0-9.-]+|\[[0-9A-Fa-f:.]+\])|http://({_HERE}))"
    r"(:[0-9]{1,5})?(/[A-Za-z0-9._~/%-]*)?$"
)
_EVERY_MACHINE = re.compile(r"[*:/]*")

# Issuers whose tokens everybody can get, and by what a `sub` begins that says whose it is.
_OWNERS = {
    "https://token.actions.githubusercontent.com": frozenset(
        {"repo", "repository", "repository_id", "repository_owner", "repository_owner_id"}
    ),
    "https://gitlab.com": frozenset({"project_path", "namespace_path"}),
}

MachineName = Annotated[str, StringConstraints(pattern=rf"^{_NAME}$")]


@dataclass(frozen=True)
class Machine:
    """Who holds a token that was verified.

    Args:
        issuer: the key of its issuer under `[machines]`.
        subject: the token's `sub`.
        details: what else the token says about the job, for people to read: `repository`,
            `workflow`, `ref`, `actor`, `run_url` of GitHub's, `project`, `ref`, `user`,
            `pipeline_url`, `job_url` of GitLab's, as far as they are there. On one line each.
    """

    issuer: str
    subject: str
    details: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}), compare=False)

    @property
    def principal(self) -> str:
        """What it is called in the policy and in the audit; at most `LONGEST_PRINCIPAL` long."""
        return f"{self.issuer}:{self.subject}"


def is_subject(text: str) -> bool:
    """Tell whether a `sub` can be one of a machine.

    What looks like another one, or would mean many if it were copied into the policy, cannot.
    """
    return len(text) <= LONGEST_SUBJECT and _SUBJECT.fullmatch(text) is not None and "*" not in text


@dataclass(frozen=True)
class MachinePattern:
    """Which machines: a principal, in which `*` stands for any characters of one part.

    Parts are what stands between `:` and `/`. So `github:repo:acme/shop:ref:refs/heads/release-*`
    means the branches `release-1` and `release-2`, not `release-1/x`. `*` is at least one
    character; everything else means itself, capitals too.
    """

    text: str

    def __str__(self) -> str:
        return self.text

    @property
    def issuer(self) -> str:
        """The key of its issuer under `[machines]`."""
        return self.text.partition(":")[0]

    def matches(self, principal: str) -> bool:
        """Tell whether it means the machine of that principal."""
        return _compiled(self.text).fullmatch(principal) is not None

    def names_owner(self, issuer_url: str) -> bool:
        """Tell whether it says first whose machines it means, where everybody can have one.

        Further behind, an owner's name may be part of a name that a stranger chose.
        """
        keys = _OWNERS.get(issuer_url)
        if keys is None:
            return True
        key, _, rest = self.text.partition(":")[2].partition(":")
        owner = re.split("[:/]", rest)[0]
        return key in keys and bool(owner) and "*" not in owner


@cache
def _compiled(pattern: str) -> re.Pattern[str]:
    """Return a pattern as a regular expression that takes no longer with more of `*` in a part.

    What stands behind a `*` may be taken where it comes first, for good: a later place would leave
    less for the rest. Only behind the last one is the end of the principal looked for.
    """
    first, *others = map(re.escape, pattern.split("*"))
    if not others:
        return re.compile(first)
    between = "".join(f"(?>[^:/]+?{text})" for text in others[:-1])
    return re.compile(f"{first}{between}[^:/]+{others[-1]}")


def _read_pattern(value: Any) -> MachinePattern:
    if isinstance(value, MachinePattern):
        return value
    if not isinstance(value, str) or not re.fullmatch(_WRITTEN, value):
        raise ValueError(
            f"{value!r} doesn't look right, it is a key of [machines], a colon and a token's `sub` "
            "like github:repo:acme/shop:ref:refs/heads/main"
        )
    if "**" in value:
        raise ValueError(f"{value!r}: `**` means no more than `*`, which stays within one part")
    if _EVERY_MACHINE.fullmatch(value.partition(":")[2]):
        raise ValueError(f"{value!r} means every machine of its issuer: say which")
    return MachinePattern(value)


WrittenPattern = Annotated[
    MachinePattern,
    PlainValidator(_read_pattern),
    PlainSerializer(str),
    WithJsonSchema({"type": "string", "pattern": _PATTERN}),
]


def is_issuer_url(url: str) -> bool:
    """Tell whether an address may be an issuer's, or have its keys."""
    return re.fullmatch(_URL.strip("^$"), url) is not None


_Url = Annotated[str, StringConstraints(pattern=_URL, max_length=255)]


class Issuer(PolicyModel):
    """An OIDC issuer: whoever holds one of its tokens may ask by HTTP, as far as a policy says."""

    issuer: _Url
    """Its URL, exactly as `iss` has it in its tokens; https, or http on this machine."""

    audience: str = Field(min_length=1, max_length=255)
    """What `aud` must be: something that nobody else takes tokens for."""

    jwks_url: _Url | None = None
    """Where its keys are. Unset: its `/.well-known/openid-configuration` says so."""
