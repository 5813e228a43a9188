"""Troubles of a random scenario: what breaks around the bot, by chance, and heals again."""

from collections import Counter
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from datetime import timedelta
from functools import partial
from pathlib import Path
from random import Random
from typing import Any

from bench.company import as_toml
from bot.config import load_policy
from bot.store.failures import trouble_of
from dbaccess_playground.faults import Fault
from tests.chaos import policies
from tests.chaos.api_faults import (
    CLOUD_FAULTS,
    FATAL_CODES,
    REPLY_FAULTS,
    SLACK_CODES,
    SLACK_FAULTS,
    Maker,
)
from tests.scenarios.broken_database import (
    full_file,
    full_server,
    read_only_file,
    read_only_server,
)
from tests.scenarios.world import World

RECOVERY = timedelta(minutes=4)  # a 429 without a time, the longest back-off, one more failure


class Troubles:
    """What is broken at the moment, and what ever was.

    Attributes:
        policy_file: where the running bot reads its policy again.
        approvers: who approves by the policy in force.
        faults: how many there were, by their name.
        recovered_at: until when to have patience with what was broken.
    """

    def __init__(
        self, world: World, rng: Random, clusters: Mapping[str, str], policy_file: Path
    ) -> None:
        self._world = world
        self._rng = rng
        self._clusters = tuple(clusters.values())
        self._policy_file = policy_file
        self._database = ExitStack()
        self.cloud_is_well = self.slack_is_well = self.database_is_well = True
        self.approvers = policies.approvers_of(policies.USUAL)
        self.faults: Counter[str] = Counter()
        self.recovered_at = world.clock.now()
        world.expects = self._expects

    @property
    def fatal_codes(self) -> set[str]:
        """The codes that Slack has answered with so far, and that never heal."""
        return {code for code in FATAL_CODES if self.faults[f"Slack: {code}"]}

    def acts(self) -> dict[str, tuple[int, Callable[[], None]]]:
        """Return what can happen: how likely it is, and what makes it happen."""
        return {
            "DigitalOcean breaks": (7, self._break_cloud),
            "DigitalOcean's reads are stale": (3, self._make_stale),
            "DigitalOcean heals": (7, self._heal_cloud),
            "Slack breaks": (4, self._break_slack),
            "Slack refuses": (4, self._refuse),
            "reply addresses die": (3, self._break_replies),
            "Slack heals": (7, self._heal_slack),
            "the database breaks": (3, self._break_database),
            "the database heals": (4, self.heal_database),
            "another policy": (3, self._reload),
            "a broken policy": (1, self._reload_broken),
        }

    def heal(self) -> None:
        """Let all that is broken heal; the policy stays as it is."""
        self._heal_cloud()
        self._heal_slack()
        self.heal_database()

    def heal_database(self) -> None:
        """Let the database be written again, and wait until the bot has noticed."""
        self._database.close()
        if not self.database_is_well:
            state = self._world.service.components.database.state
            self._world.eventually(lambda: state.outage is None)
            self.database_is_well = True
            self.allow_recovery(RECOVERY)

    def allow_recovery(self, within: timedelta) -> None:
        """Have patience for so long from now on."""
        self.recovered_at = max(self.recovered_at, self._world.clock.now() + within)

    def _expects(self, error: BaseException) -> bool:
        return not self.database_is_well and trouble_of(error) is not None

    def _break_cloud(self) -> None:
        aim: dict[str, Any] = {
            "method": self._rng.choice([None, "GET", "PUT"]),
            "target": self._rng.choice(["/firewall", *self._clusters]),
            "times": self._rng.choice([1, 2, 5, None]),
        }
        self._world.digitalocean.faults.add(self._draw("DigitalOcean", CLOUD_FAULTS, **aim))
        self.cloud_is_well = False

    def _make_stale(self) -> None:
        """Let reads show what was there before the last write, for a while or a few times."""
        behaviour = self._world.digitalocean.behaviour
        stale = self._rng.choice([(3.0, 0), (20.0, 0), (0.0, 1), (0.0, 6)])
        behaviour.stale_seconds, behaviour.stale_reads = stale
        self.faults["DigitalOcean: stale reads"] += 1
        self.cloud_is_well = False

    def _heal_cloud(self) -> None:
        self._world.digitalocean.faults.clear()
        behaviour = self._world.digitalocean.behaviour
        behaviour.stale_seconds, behaviour.stale_reads = 0.0, 0
        if not self.cloud_is_well:
            self.cloud_is_well = True
            self.allow_recovery(RECOVERY)

    def _break_slack(self) -> None:
        target = self._rng.choice(["chat.", "chat.postMessage", "users.info", "/"])
        self._add_to_slack("Slack", SLACK_FAULTS, target, self._rng.choice([1, 3, None]))
        self.slack_is_well = False

    def _refuse(self) -> None:
        target = self._rng.choice(["chat.", "chat.postMessage", "chat.update", "/api/"])
        self._add_to_slack("Slack", SLACK_CODES, target, self._rng.choice([1, 3, None]))
        self.slack_is_well = False

    def _break_replies(self) -> None:
        """Forms, cards and messages go on as if nothing were."""
        self._add_to_slack("reply address", REPLY_FAULTS, "/response/", self._rng.choice([1, None]))

    def _heal_slack(self) -> None:
        self._world.slack.faults.clear()
        self.slack_is_well = True

    def _break_database(self) -> None:
        """Let nothing be written, at once or after a few more rows."""
        if not self.database_is_well:
            return
        is_sqlite = self._world.service.components.database.is_sqlite
        if is_full := self._rng.random() < 0.7:
            broken = partial(full_file if is_sqlite else full_server, room=self._rng.randrange(12))
        else:
            broken = partial(read_only_file if is_sqlite else read_only_server)
        self.faults["database: full" if is_full else "database: read-only"] += 1
        self.database_is_well = False
        self._database.enter_context(broken(self._world))

    def _reload(self) -> None:
        name = self._rng.choice(list(policies.VERSIONS))
        version = policies.VERSIONS[name]
        self.faults[f"policy: {name}"] += 1
        self._hang_up(as_toml(version))
        self._world.policy = load_policy(self._policy_file)  # after a restart, too
        assert self._world.service.components.policy() == self._world.policy
        self._world.worker.follow(tick=self._world.policy.scheduler.tick)
        self.approvers = policies.approvers_of(version)

    def _reload_broken(self) -> None:
        name = self._rng.choice(list(policies.BROKEN))
        self.faults[f"policy: {name}"] += 1
        self._hang_up(policies.BROKEN[name])
        assert self._world.service.components.policy() == self._world.policy, "the old one holds"

    def _hang_up(self, text: str) -> None:
        self._policy_file.write_text(text)
        self._world.service.reload()  # what SIGHUP does

    def _add_to_slack(
        self, what: str, makers: Mapping[str, Maker], target: str, times: int | None
    ) -> None:
        self._world.slack.faults.add(self._draw(what, makers, target=target, times=times))

    def _draw(self, what: str, makers: Mapping[str, Maker], **aim: Any) -> Fault:
        name = self._rng.choice(list(makers))
        self.faults[f"{what}: {name}"] += 1
        return makers[name](**aim)
