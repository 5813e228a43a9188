"""The oracle: keeps its own record of what people decided, and compares the rules with it."""

import re
from collections.abc import Callable, Collection, Mapping
from datetime import datetime, timedelta
from typing import Any

from bot.domain.labels import guard_label, read_label
from bot.store.tables import RequestRow
from dbaccess_playground.calls import Call
from dbaccess_playground.digitalocean.clusters import Change
from tests.scenarios.world import World

GUARD_VALUE = "192.0.2.1"
REQUESTED = tuple(f"203.0.113.{number}" for number in range(1, 7))
ADOPTABLE = tuple(f"198.51.100.{number}" for number in (20, 21))
_NEEDED = {"orders": 1, "analytics": 2}
_SKEW = timedelta(seconds=2)

RuleJson = dict[str, str]


class Oracle:
    """Sees every read and write of the rules and every click, and trusts no row of the bot's.

    People request addresses of `REQUESTED`; a rule for one of them is foreign only where another
    tool made it with a description. A rule without its label when the database is lost cannot be
    told from a foreign one: it is *unknowable*, and stays.
    """

    def __init__(self, world: World, clusters: Mapping[str, str]) -> None:
        self._world = world
        self._clusters = clusters
        self._shown: dict[str, list[RuleJson]] = {}
        self._read: dict[str, list[RuleJson]] = {}
        self._approved_by: dict[int, set[str]] = {}
        self._allowed_until: dict[tuple[str, str], datetime] = {}
        self._adopted: set[tuple[str, str]] = set()
        self._labelled: set[str] = set()  # uuids of rules that were ours at some time
        self._older_labels: set[tuple[str, str | None]] = set()
        self.unknowable: set[str] = set()
        self.foreign: set[str] = set()  # uuids
        self.violations: list[str] = []
        self.writes = 0
        for cluster in clusters.values():
            self.foreign |= {rule["uuid"] for rule in world.digitalocean.rules(cluster)}
        world.digitalocean.subscribe(self._see)
        read = world.digitalocean.read_rules
        world.digitalocean.read_rules = self._noting(read)  # type: ignore[method-assign,assignment]

    def note_approval(
        self, number: int, by: str, *, entitled: Collection[str], within: timedelta
    ) -> None:
        """Somebody pressed Approve; whether the bot took it or not, nobody may go further.

        Who approved before, and is no longer *entitled*, does not count. *within*: how much later
        it may be carried out, since it is known by then what was not at once.
        """
        request = self._world.request(number)
        if by not in entitled or by == request.requester or request.state != "pending":
            return
        words = self._approved_by.setdefault(number, set())
        words.add(by)
        if len(words & set(entitled)) < _NEEDED[request.cluster]:
            return
        begin = self._world.clock.now()
        if request.extends is not None:
            begin = next(g.expires_at for g in self._world.grants() if g.id == request.extends)
        self.allow(request.cluster, request.source.value, begin + request.duration + within)

    def allow(self, alias: str, value: str, until: datetime) -> None:
        """Access from there is in order until then."""
        key = (alias, value)
        self._allowed_until[key] = max(self._allowed_until.get(key, until), until)

    def note_adoption(self, alias: str, value: str, until: datetime) -> None:
        """An approver sets an expiry on a foreign rule: it is ours to keep and to remove."""
        self._adopted.add((alias, value))
        self.allow(alias, value, until)

    def note_longer_adoption(self, number: int, by: timedelta) -> None:
        """An approver lets a foreign rule stay for longer, which takes nobody else's approval."""
        for grant in self._world.grants():
            if grant.id == number and grant.adopted:
                self.allow(grant.cluster, grant.source.value, grant.expires_at + by)

    def note_database_loss(self) -> None:
        """The database is gone, and the numbers begin anew."""
        self._approved_by.clear()
        for alias, rule in self._all_rules():
            self._older_labels.add((rule["value"], rule.get("description")))
            if self._is_ours(alias, rule) and not read_label(rule.get("description")):
                self.unknowable.add(rule["uuid"])

    def check(self) -> None:
        """Check what holds at any time: P4, each label of ours has an approved request."""
        for alias, rule in self._all_rules():
            its_label = read_label(rule.get("description"))
            is_older = (rule["value"], rule.get("description")) in self._older_labels
            if its_label is None or is_older:
                continue
            with self._world.service.components.database.reading() as session:
                row = session.get(RequestRow, its_label.grant_id)
            if row is None or row.state != "approved" or row.source_value != rule["value"]:
                self._report(f"P4: {alias} holds {rule}, which nobody approved: {row}")

    def overdue(self) -> list[str]:
        """Rules of ours that nobody is allowed any more (P3)."""
        now = self._world.clock.now()
        return [
            f"{alias} {rule}"
            for alias, rule in self._all_rules()
            if self._allowed_until.get((alias, rule["value"]), now) <= now
            and rule["uuid"] not in self.unknowable
            and not self._has_lost_its_expiry(alias, rule)
            and (
                rule["uuid"] in self._labelled
                or (rule["value"] in REQUESTED and rule["uuid"] not in self.foreign)
            )
        ]

    def _see(self, event: Call | Change) -> None:
        if isinstance(event, Change):
            self._see_change(event)
        elif event.path.endswith("/firewall"):
            cluster_id = event.path.split("/")[-2]
            if event.method == "GET" and event.status == 200:
                self._read[cluster_id] = self._shown[cluster_id]
            elif event.method == "PUT":
                self._see_sent(cluster_id, event.body)

    def _noting(self, read: Callable[[str], list[RuleJson]]) -> Callable[[str], list[RuleJson]]:
        """Return the same, noting what it shows, which may be from before the last write."""

        def noted(cluster_id: str) -> list[RuleJson]:
            self._shown[cluster_id] = read(cluster_id)
            return self._shown[cluster_id]

        return noted

    def _see_sent(self, cluster_id: str, body: Any) -> None:
        """Look at what the bot sent, whatever became of it."""
        alias = self._alias(cluster_id)
        sent = {rule.get("uuid"): rule for rule in body["rules"]}
        for rule in self._foreign_in_read(cluster_id):
            after = sent.get(rule["uuid"], {})
            if any(after.get(key) != rule.get(key) for key in ("type", "value", "description")):
                self._report(f"P1: {alias} lost {rule}: {body}")

    def _foreign_in_read(self, cluster_id: str) -> list[RuleJson]:
        """Return the rules of the last read that are not the bot's."""
        alias = self._alias(cluster_id)
        return [rule for rule in self._read[cluster_id] if not self._is_ours(alias, rule)]

    def _see_change(self, change: Change) -> None:
        alias = self._alias(change.cluster_id)
        history = self._world.digitalocean.history(change.cluster_id)
        before = {rule["uuid"] for rule in history[-2][1]}
        fresh = [rule for rule in change.rules if rule["uuid"] not in before]
        if change.by != "api":
            self.foreign |= {r["uuid"] for r in fresh if _looks_foreign(r)}
            self._older_labels |= {(r["value"], r.get("description")) for r in fresh}
            return
        self.writes += 1
        if not change.rules:
            self._report(f"P2: {alias} was opened to the world")
        written = {rule["uuid"]: rule for rule in change.rules}
        self._labelled |= {u for u, rule in written.items() if read_label(rule.get("description"))}
        kept = {rule["value"] for rule in self._foreign_in_read(change.cluster_id)}
        for rule in fresh:
            if rule["value"] in kept:
                continue  # somebody removed it after that read, or before one that was stale
            until = self._allowed_until.get((alias, rule["value"]), change.at)
            if rule["value"] != GUARD_VALUE and until <= change.at - _SKEW:
                self._report(f"P4: {alias} was given {rule}, which nobody approved")
            if rule["value"] != GUARD_VALUE and (alias, rule["value"]) not in self._allowed_until:
                self._report(f"P4: {alias} was given {rule}, which nobody ever approved")

    def _is_ours(self, alias: str, rule: RuleJson) -> bool:
        """Tell whether the bot may take this rule for its own."""
        if rule["value"] == GUARD_VALUE:
            return rule.get("description") == guard_label("test")
        if rule["uuid"] in self.foreign and rule["value"] in REQUESTED:
            return not rule.get("description")  # doctl made it nobody's: ours, if we placed it
        return rule["value"] in REQUESTED or (alias, rule["value"]) in self._adopted

    def _has_lost_its_expiry(self, alias: str, rule: RuleJson) -> bool:
        """Tell whether the clock of an adopted rule was stopped: it stays, as its people had it."""
        of_it = [
            grant
            for grant in self._world.grants()
            if grant.cluster == alias and grant.source.value == rule["value"]
        ]
        last = max((g for g in of_it if g.adopted), key=lambda g: g.id, default=None)
        return last is not None and last.leaves_rule and not read_label(rule.get("description"))

    def _all_rules(self) -> list[tuple[str, RuleJson]]:
        return [
            (alias, rule)
            for alias, cluster in self._clusters.items()
            for rule in self._world.digitalocean.rules(cluster)
        ]

    def _alias(self, cluster_id: str) -> str:
        return next(alias for alias, known in self._clusters.items() if known == cluster_id)

    def _report(self, words: str) -> None:
        self.violations.append(f"{self._world.clock.now():%H:%M:%S} {words}")


def number_of(text: str) -> int:
    """Return the request's number that a card tells, beside that of the access that it extends."""
    found = re.search(r"\bRequest #(\d+)", text)
    assert found, text
    return int(found[1])


def _looks_foreign(rule: RuleJson) -> bool:
    described = bool(rule.get("description")) and not read_label(rule["description"])
    return rule["value"] not in REQUESTED or described
