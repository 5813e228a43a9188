"""What the checks of one transaction ask for again and again, read once."""

from sqlmodel import Session

from bot.domain.lifecycle import Grant, Request
from bot.domain.policy import ClusterPolicy
from bot.store import clusters, grants, requests
from bot.store.clusters import Watch
from bot.store.locks import one_at_a_time


class ReadOnce:
    """What there was when it was first asked for, whatever the transaction has changed since."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._turns: set[str] = set()
        self._waiting: dict[str, list[Request]] = {}
        self._live: dict[str, list[Grant]] = {}
        self._watches: dict[str, Watch | None] = {}

    def take_turn(self, requester: str) -> None:
        """Let nobody else add to somebody's requests until this transaction has ended.

        It comes before rows are locked, so that no two transactions wait for each other.
        """
        if requester not in self._turns:
            self._turns.add(requester)
            one_at_a_time(self._session, f"requests of {requester}")
            self._waiting.pop(requester, None)

    def waiting(self, requester: str) -> list[Request]:
        """Return somebody's undecided requests, on all clusters, the oldest first."""
        if requester not in self._waiting:
            self._waiting[requester] = requests.pending(self._session, requester=requester)
        return self._waiting[requester]

    def live(self, alias: str) -> list[Grant]:
        """Return the live grants on a cluster, those that end first in front."""
        if alias not in self._live:
            self._live[alias] = grants.live(self._session, cluster=alias)
        return self._live[alias]

    def watch(self, cluster: ClusterPolicy) -> Watch | None:
        """Return what is known of a cluster from its last read."""
        cluster_id = str(cluster.id)
        if cluster_id not in self._watches:
            self._watches[cluster_id] = clusters.get(self._session, cluster_id)
        return self._watches[cluster_id]
