"""Expectations: what a file for `dbaccess policy test` says."""

import re
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import Field, StringConstraints, ValidationError, model_validator

from bot.access.trial import Result
from bot.config import ConfigError, problems_of
from bot.domain.near_keys import did_you_mean
from bot.domain.people import Person, Standing, not_looked_up
from bot.domain.policy import Policy
from bot.domain.policy_lines import KeyPath, key_lines
from bot.domain.policy_types import Duration, PolicyModel
from bot.domain.principals import User, UserOrGroup, UserOrMachine, groups_in, is_machine
from bot.domain.refusals.any_refusal import known_codes
from bot.domain.typed_text import one_line

Group = Annotated[str, StringConstraints(pattern=r"^S[A-Z0-9]{2,}$")]
_Expected = Annotated[
    str, StringConstraints(pattern=r"^(refused|form|auto|emergency|approvals:[1-9][0-9]?)$")
]


class Expectation(PolicyModel):
    """What should come of one command, typed by one person."""

    name: str = ""
    """What a failure is called; unset: the command itself."""

    user: UserOrMachine = Field(alias="as")
    """The ID of the person who types it, or the machine that asks for it: `github:repo:…`."""

    command: str = Field(min_length=1)
    """What is typed behind `/dbaccess`: `request …` or `emergency …`."""

    channel: str = ""
    """The ID of the channel where it is typed."""

    expect: _Expected
    """What comes of it."""

    why: str | None = None
    """For `refused`: the code of the refusal, or of one of several."""

    approvers: tuple[UserOrGroup, ...] | None = None
    """Who the policy names as approvers of the cluster, in any order."""

    may_approve: tuple[User, ...] = ()
    """People who may approve that very request."""

    may_not_approve: tuple[User, ...] = ()
    """People who may not."""

    max_duration: Duration | None = None
    """The longest that the access may last, extensions included."""

    @property
    def title(self) -> str:
        """What it is called."""
        return self.name or f"{self.user}: {self.command}"

    @model_validator(mode="after")
    def _makes_sense(self) -> Self:
        if self.why is not None and self.expect != Result.REFUSED:
            raise ValueError('why needs expect = "refused"')
        if self.why is not None and self.why not in known_codes():
            near = did_you_mean(self.why, known_codes())
            raise ValueError(f"why: {self.why!r} is no refusal's code{near}")
        of_request = (self.approvers, self.max_duration, self.may_approve, self.may_not_approve)
        if any(of_request) and self.expect in (Result.REFUSED, Result.FORM):
            raise ValueError(f'expect = "{self.expect}" leaves nothing to approve')
        return self


class Expectations(PolicyModel):
    """All of a file: who is who, and what is expected."""

    people: Mapping[User, Literal["member", "guest", "outsider", "deactivated"]] = {}
    """People who are no members of the workspace."""

    groups: Mapping[Group, tuple[User, ...]] = {}
    """Who is in each user group."""

    test: tuple[Expectation, ...] = Field(min_length=1)
    """What is expected."""

    def person(self, user: str) -> Person:
        """Return somebody as the file describes them."""
        if is_machine(user):
            return not_looked_up(user)
        return Person(
            user,
            Standing(self.people.get(user, Standing.MEMBER)),
            frozenset(group for group, users in self.groups.items() if user in users),
            asked=frozenset(self.groups),
        )


def load_expectations(file: Path, policy: Policy) -> Expectations:
    """Return what a file expects of a policy.

    Raises:
        ConfigError: no such file, not TOML, unknown keys, bad values, groups that the policy lacks.
    """
    try:
        text = file.read_text(encoding="utf-8")
        lines = key_lines(text)
        written: dict[str, Any] = tomllib.loads(text)
        expected = Expectations.model_validate(written)
    except FileNotFoundError:
        raise ConfigError([f"{file}: there is no such file"]) from None
    except ValidationError as error:
        problems = problems_of(error, str(file), lines)
        raise ConfigError([_with_title(problem, written) for problem in problems]) from None
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise ConfigError([f"{file}: {error}"]) from None
    if unknown := [*_unknown_groups(expected, policy), *_unknown_issuers(expected, policy)]:
        raise ConfigError([f"{file}:{lines[path]}: {problem}" for path, problem in unknown])
    return expected


def _unknown_groups(expected: Expectations, policy: Policy) -> Iterator[tuple[KeyPath, str]]:
    for group in sorted(expected.groups.keys() - groups_in(policy.named)):
        yield ("groups", group), f"groups.{group}: the policy names no such group"


def _unknown_issuers(expected: Expectations, policy: Policy) -> Iterator[tuple[KeyPath, str]]:
    for number, test in enumerate(expected.test):
        issuer = test.user.partition(":")[0]
        if is_machine(test.user) and issuer not in policy.machines:
            problem = f"test {number + 1} ({one_line(test.title)}): as: there is no"
            yield ("test", number, "as"), f"{problem} [machines.{issuer}]"


def _with_title(problem: str, written: Mapping[str, Any]) -> str:
    """Return a problem with the test called as people do: counted from 1, with its name."""
    place = re.search(r": test\.(\d+)[.:]", problem)
    if place is None:
        return problem
    test = written["test"][int(place[1])]
    name = test.get("name") or test.get("command") if isinstance(test, Mapping) else None
    called = f"test {int(place[1]) + 1}" + (f" ({one_line(str(name))})" if name else "")
    return f"{problem[: place.start()]}: {called}: {problem[place.end() :].lstrip()}"
