"""A random scenario: people, other tools, troubles, restarts and lost databases, by a seed.

The clock is moved by hand and the worker settles in order, so a seed plays the same scenario again.
"""

import random
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

from bot.store import jobs
from dbaccess_playground.slack.conversations import Message
from tests.chaos.database_server import DatabaseServer
from tests.chaos.deliveries import Deliveries
from tests.chaos.oracle import ADOPTABLE, REQUESTED, Oracle, number_of
from tests.chaos.policies import ON_CALL
from tests.chaos.troubles import Troubles
from tests.scenarios.world import ALICE, ANALYTICS, APPROVALS, BOB, ORDERS, OSCAR, RITA, World

PEOPLE = (RITA, OSCAR, ALICE)
CLUSTERS = {"orders": ORDERS, "analytics": ANALYTICS}
MANUAL = tuple(f"198.51.100.{number}" for number in range(30, 36))
_CONNECTING = 0.5  # how likely somebody connects after a step, if they have access
LONG_RECOVERY = timedelta(minutes=65)  # a list brought back is seen by the idle drift check


@dataclass
class Scenario:
    """One seed's scenario; `events` is what happened, to be read after a failure."""

    world: World
    seed: int
    policy_file: Path
    events: list[str] = field(default_factory=list)
    acted: Counter[str] = field(default_factory=Counter)

    def __post_init__(self) -> None:
        random.seed(self.seed)  # the product's jitter too
        self.rng = random.Random(self.seed)  # noqa: S311
        world = self.world
        world.slack.add_group(ON_CALL, "on-call", (OSCAR,))
        for value in ADOPTABLE:
            world.digitalocean.add_rule(ORDERS, "ip_addr", value)
        self.oracle = Oracle(world, CLUSTERS)
        self.troubles = Troubles(world, self.rng, CLUSTERS, self.policy_file)
        self.deliveries = Deliveries(world)
        self.server = DatabaseServer(world, self.rng)
        self._first_card = 0
        self._old_lists: dict[str, list[dict[str, str]]] = {}

    def run(self, steps: int) -> None:
        """Let that many things happen, and look after each whether the promises hold."""
        acts = self._acts()
        names, weights = list(acts), [weight for weight, _ in acts.values()]
        for _ in range(steps):
            [name] = self.rng.choices(names, weights)
            self.acted[name] += 1
            self.events.append(f"{self.world.clock.now():%H:%M:%S} {name}")
            before = self.troubles.faults.copy()
            acts[name][1]()
            self.events.extend(f"         {fault}" for fault in self.troubles.faults - before)
            self.world.settle()
            if self.rng.random() < _CONNECTING:
                self.server.let_somebody_in()
            self._check()
            if self._is_well():
                late = self.oracle.overdue()
                assert not late, f"P3: {late}"

    def recover(self) -> None:
        """Let all that is broken heal, and hours pass."""
        self.troubles.heal()
        self.server.is_away = False
        for _ in range(30):
            self.world.pass_time(minutes=10)
            self._check()

    def _check(self) -> None:
        self.oracle.check()
        self.server.look()
        violations = self.oracle.violations + self.server.violations
        assert not violations, violations

    def counts(self) -> dict[str, int]:
        """Return what happened, how often: scenarios, acts, faults and jobs by their outcome."""
        return {
            "scenarios": 1,
            **{f"act: {name}": count for name, count in self.acted.items()},
            **{f"fault: {name}": count for name, count in self.troubles.faults.items()},
            "sessions opened": self.server.opened,
            "sessions ended": self.server.ended,
            **{f"job: {name}": count for name, count in self.deliveries.by_outcome().items()},
        }

    # What people do.

    def _acts(self) -> dict[str, tuple[int, Callable[[], None]]]:
        return {
            "ask": (16, self._ask),
            "approve": (20, self._approve),
            "deny": (3, self._deny),
            "extend": (5, self._extend),
            "revoke": (4, self._revoke),
            "cancel": (3, self._cancel),
            "adopt": (2, self._adopt),
            "emergency": (3, self._request_emergency),
            "a rule is added by hand": (3, self._add_by_hand),
            "a rule is removed by hand": (3, self._remove_by_hand),
            "doctl": (4, self._doctl),
            "terraform": (2, self._terraform),
            "an old list": (2, self._old_list),
            "the database server goes away, or comes back": (4, self._toggle_server),
            "restart": (3, self._restart),
            "lose the database": (1, self._lose),
            "time": (22, self._pass_time),
            **self.troubles.acts(),
        }

    def _is_well(self) -> bool:
        """Tell whether nothing has kept the bot from its work for long enough."""
        troubles = self.troubles
        is_well = troubles.cloud_is_well and troubles.database_is_well
        return is_well and self.world.clock.now() >= troubles.recovered_at

    def _ask(self) -> None:
        source, lasting = self.rng.choice(REQUESTED), self.rng.choice(["10m", "30m", "1h", "2h"])
        self._type(self.rng.choice(PEOPLE), f"request {source} {lasting} {self._alias()}")

    def _approve(self) -> None:
        card, who = self._card("Approve"), self.rng.choice((ALICE, ALICE, BOB, BOB, OSCAR, RITA))
        if card is None:
            return
        within = timedelta() if self._opens_forms() else jobs.PATIENCE[jobs.Kind.COMMAND]
        entitled = self.troubles.approvers
        self.oracle.note_approval(number_of(card.all_text), who, entitled=entitled, within=within)
        self.world.slack.click(who, card, "Approve")

    def _deny(self) -> None:
        card = self._card("Deny")
        if card is not None and self._opens_forms():
            self.world.denies(self.rng.choice(self.troubles.approvers), card, "not now")

    def _extend(self) -> None:
        who, number = self.rng.choice(PEOPLE), self._number()
        if who in self.troubles.approvers:
            self.oracle.note_longer_adoption(number, timedelta(minutes=30))
        self._type(who, f"extend {number} 30m")

    def _revoke(self) -> None:
        self._type(self.rng.choice(PEOPLE), f"revoke {self._number()}")

    def _cancel(self) -> None:
        self._type(self.rng.choice(PEOPLE), f"cancel {self._number()}")

    def _adopt(self) -> None:
        value = self.rng.choice(ADOPTABLE)
        until = self.world.clock.now() + timedelta(hours=1)
        self.oracle.note_adoption("orders", value, until)
        self._type(ALICE, f"adopt orders {value} 1h")

    def _request_emergency(self) -> None:
        if not self._opens_forms():
            return
        source, until = self.rng.choice(REQUESTED), self.world.clock.now() + timedelta(minutes=20)
        self._type(OSCAR, f"emergency {source} 20m orders all is locked")
        self.world.eventually(lambda: self.world.slack.modal(OSCAR))
        self.oracle.allow("orders", source, until)
        answer = self.world.slack.submit(OSCAR)
        self.world.settle()
        if answer.errors:
            self.world.slack.close_modal(OSCAR)

    # What other tools do to the same lists.

    def _add_by_hand(self) -> None:
        alias, value = self._alias(), self.rng.choice((*MANUAL, *REQUESTED))
        if f"ip_addr:{value}" not in self.world.sources(CLUSTERS[alias]):
            self.world.digitalocean.add_rule(CLUSTERS[alias], "ip_addr", value, "by hand")

    def _remove_by_hand(self) -> None:
        cluster = CLUSTERS[self._alias()]
        rules = self.world.digitalocean.rules(cluster)
        if len(rules) > 1:
            rule = self.rng.choice(rules)
            self.world.digitalocean.remove_rule(cluster, rule["type"], rule["value"])

    def _doctl(self) -> None:
        cluster, value = CLUSTERS[self._alias()], self.rng.choice(MANUAL)
        if f"ip_addr:{value}" not in self.world.sources(cluster):
            slow = self.rng.random() < 0.5
            meanwhile = (lambda: self.world.pass_time(seconds=10)) if slow else None
            self.world.digitalocean.doctl_append(cluster, "ip_addr", value, meanwhile=meanwhile)
            self.troubles.allow_recovery(LONG_RECOVERY)

    def _terraform(self) -> None:
        kept = [("ip_addr", "198.51.100.7"), ("ip_addr", self.rng.choice(MANUAL))]
        self.world.digitalocean.terraform_apply(CLUSTERS[self._alias()], kept)

    def _old_list(self) -> None:
        """Somebody keeps a list and writes it back later, labels and all."""
        cluster = CLUSTERS[self._alias()]
        kept = self._old_lists.pop(cluster, None)
        if kept is None:
            self._old_lists[cluster] = self.world.digitalocean.rules(cluster)
            return
        labelled = [
            rule for rule in kept if rule["value"] not in REQUESTED or "description" in rule
        ]
        self.world.digitalocean.replace_rules(cluster, labelled or kept, by="an old list")
        self.troubles.allow_recovery(LONG_RECOVERY)

    def _toggle_server(self) -> None:
        self.server.is_away = not self.server.is_away

    # What becomes of the bot itself.

    def _restart(self) -> None:
        self.troubles.heal_database()
        self.world.restart(seconds=self.rng.choice([0, 5, 60, 3600]))

    def _lose(self) -> None:
        self.troubles.heal_database()
        self.oracle.note_database_loss()
        self.server.note_database_loss()
        self.deliveries.note_database_loss()
        self._first_card = len(self.world.slack.messages(APPROVALS, replies=False))
        self.world.lose_database(seconds=self.rng.choice([0, 60, 1800]))

    def _pass_time(self) -> None:
        self.world.pass_time(seconds=self.rng.choice([1, 5, 20, 45, 120, 600, 1800]))

    # The means.

    def _type(self, who: str, text: str) -> None:
        self.events.append(f"         {who}: {text}")
        self.world.types(who, text)

    def _alias(self) -> str:
        return self.rng.choice(list(CLUSTERS))

    def _number(self) -> int:
        known = [grant.id for grant in self.world.grants()]
        return self.rng.choice(known[-6:] or [1])

    def _card(self, button: str) -> Message | None:
        cards = self.world.slack.messages(APPROVALS, replies=False)[self._first_card :]
        open_cards = [card for card in cards if button in card.buttons]
        return self.rng.choice(open_cards) if open_cards else None

    def _opens_forms(self) -> bool:
        """Tell whether a form will open, which happens in another thread."""
        return self.troubles.slack_is_well and self.troubles.database_is_well
