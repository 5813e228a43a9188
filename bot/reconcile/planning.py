"""Planning one cluster: with its policy, and with the grants that labels name."""

from collections.abc import Callable, Sequence

from bot.clock import Clock
from bot.domain.lifecycle import Grant, GrantState
from bot.domain.plan import MAX_RULES, Plan, plan
from bot.domain.policy import Policy
from bot.domain.rules import Rule
from bot.domain.sources import TrustedSource
from bot.reconcile.attempt import Attempt
from bot.reconcile.refusals import Search
from bot.store import grants
from bot.store.database import Database


class Planner:
    """Plans for any cluster, by the policy of the moment."""

    def __init__(self, database: Database, policy: Callable[[], Policy], clock: Clock) -> None:
        self._database = database
        self._policy = policy
        self._clock = clock

    def plan(self, attempt: Attempt, search: Search | None = None) -> Plan:
        """Return the plan for the rules that an attempt read last, without what the API rejects."""
        policy = self._policy()
        cluster = policy.by_id(attempt.cluster_id)
        now = self._clock.now()
        known = self._with_named(attempt.cluster_id, attempt.rules, attempt.loaded)
        return plan(
            attempt.rules,
            search.without_refused(known, now) if search else known,
            instance=policy.instance,
            now=now,
            allow_open=cluster.allow_open if cluster else False,
            restore=cluster.on_outside_removal == "restore" if cluster else False,
            takes=cluster.takes if cluster else _takes_nothing,
            max_rules=cluster.max_rules if cluster else MAX_RULES,
            reserved=cluster.reserved_rules if cluster else 0,
            described=attempt.described,
            relabel=attempt.may_relabel,
        )

    def _with_named(
        self, cluster_id: str, rules: Sequence[Rule], known: Sequence[Grant]
    ) -> list[Grant]:
        """Add the cluster's grants that labels name but that ended long ago.

        A label may name a grant of another cluster; that approved nothing for this one.
        """
        instance = self._policy().instance
        named = {its_label.grant_id for rule in rules if (its_label := rule.label_of(instance))} - {
            grant.id for grant in known
        }
        if not named:
            return list(known)
        with self._database.reading() as session:
            found = [grants.get(session, grant_id) for grant_id in named]
        ended = (grant for grant in found if grant and grant.state is GrantState.ENDED)
        return [*known, *(grant for grant in ended if grant.cluster_id == cluster_id)]


def _takes_nothing(_source: TrustedSource) -> bool:
    """What a cluster takes that has left the policy."""
    return False
