"""The account's clusters: how they are listed, chosen, and called in Slack."""

import re
from collections.abc import Collection, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from rapidfuzz import fuzz, process

from bot.cli.init.asking import Unusable
from bot.domain.typed_text import one_line
from bot.providers.base import ApiError, ListedCluster, Provider
from bot.slack.messages.connect import ENGINES

_SIMILAR = 70  # of 100
_AT_ONCE = 4
_LONGEST_ALIAS = 32
_ALIAS = re.compile(r"[a-z][a-z0-9_-]{0,31}")


@dataclass(frozen=True)
class Cluster:
    """A cluster, and how many trusted sources it has; None if that could not be read."""

    listed: ListedCluster
    rules: int | None

    @property
    def engine(self) -> str:
        """What people call its engine."""
        return ENGINES.get(self.listed.engine, one_line(self.listed.engine))

    @property
    def name(self) -> str:
        """Its name, fit for a terminal."""
        return one_line(self.listed.name)

    @property
    def is_open(self) -> bool:
        """Whether everybody can reach it."""
        return self.rules == 0


def read_clusters(provider: Provider) -> list[Cluster]:
    """Return all clusters of the account, with the number of their rules.

    Raises:
        ApiError: they could not be listed.
    """
    listed = provider.list_clusters()

    def with_rules(cluster: ListedCluster) -> Cluster:
        try:
            return Cluster(cluster, len(provider.read_rules(cluster.id)))
        except ApiError:
            return Cluster(cluster, None)

    with ThreadPoolExecutor(_AT_ONCE) as readers:
        return list(readers.map(with_rules, listed))


def table(clusters: Sequence[Cluster]) -> Iterator[str]:
    """Yield a line for each cluster, numbered from 1."""
    name = max(len(cluster.name) for cluster in clusters)
    engine = max(len(cluster.engine) for cluster in clusters)
    region = max(len(one_line(cluster.listed.region)) for cluster in clusters)
    for number, one in enumerate(clusters, 1):
        place = one_line(one.listed.region)
        yield (
            f"{number:>4}  {one.name:<{name}}  {one.engine:<{engine}}  {place:<{region}}  "
            f"{_access(one)}"
        )


def _access(cluster: Cluster) -> str:
    if cluster.is_open:
        return "OPEN TO THE WORLD"
    if cluster.rules is None:
        return "trusted sources unknown"
    return "1 trusted source" if cluster.rules == 1 else f"{cluster.rules} trusted sources"


@dataclass(frozen=True)
class Choice:
    """A cluster that was chosen, and its alias if that was said at once (`orders=…`)."""

    cluster: Cluster
    alias: str | None = None


def choose(typed: str, clusters: Sequence[Cluster]) -> tuple[Choice, ...]:
    """Return the clusters that are named by number, name or ID: `1, 3`, `orders`, `all`.

    Raises:
        Unusable: there is none like that, or none at all is named.
    """
    if typed.strip().lower() == "all":
        return tuple(Choice(cluster) for cluster in clusters)
    parts = [one_line(part) for part in re.split(r"[,\s]+", typed)]
    found: dict[str, Choice] = {}
    for one in (_choice(part, clusters) for part in parts if part):
        if found.setdefault(one.cluster.listed.id, one) != one:
            raise Unusable(f"{one.cluster.name} has two names. Give it one.")
    if not found:
        raise Unusable("Choose at least one: its number or its name.")
    return tuple(found.values())


def _choice(part: str, clusters: Sequence[Cluster]) -> Choice:
    alias, _, name = part.rpartition("=")
    return Choice(_cluster(name, clusters), check_alias(alias) if alias else None)


def _cluster(name: str, clusters: Sequence[Cluster]) -> Cluster:
    fitting = [c for c in clusters if name.lower() in (c.name.lower(), c.listed.id.lower())]
    if len(fitting) == 1:
        return fitting[0]
    if fitting:
        raise Unusable(f"Several clusters are called {name}. Choose by number or ID.")
    if name.isdecimal() and 0 < int(name) <= len(clusters):
        return clusters[int(name) - 1]
    near = process.extractOne(
        name, [one.name for one in clusters], scorer=fuzz.ratio, score_cutoff=_SIMILAR
    )
    hint = f" Did you mean {near[0]}?" if near else ""
    raise Unusable(f"There is no cluster {name}.{hint}")


def proposed_alias(name: str, taken: Collection[str]) -> str:
    """Return an alias made of a cluster's name, which no other has."""
    plain = re.sub(r"[^a-z0-9_-]+", "-", name.lower()).strip("-_")
    plain = plain if plain[:1].isalpha() else f"db-{plain}".rstrip("-")
    plain = plain[:_LONGEST_ALIAS].rstrip("-_")
    number, alias = 2, plain
    while alias in taken:
        end = f"-{number}"
        alias, number = plain[: _LONGEST_ALIAS - len(end)] + end, number + 1
    return alias


def check_alias(typed: str) -> str:
    """Return an alias.

    Raises:
        Unusable: it is none that `dbaccess.toml` takes.
    """
    alias = typed.strip()
    if not _ALIAS.fullmatch(alias):
        raise Unusable(
            "A short name has small letters, digits, - and _, and begins with a letter: orders."
        )
    return alias
