"""What the checks of one transaction ask for again and again, read once."""

from collections.abc import Sequence

from sqlmodel import Session

from bot.domain.lifecycle import Grant, Request, RequestState
from bot.domain.policy import ClusterPolicy, Policy
from bot.store import clusters, grants, requests
from bot.store.clusters import Watch
from bot.store.grants import Before
from bot.store.locks import one_at_a_time


class ReadOnce:
    """What there was when it was first asked for, whatever the transaction has changed since."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._turns: set[str] = set()
        self._waiting: dict[str, list[Request]] = {}
        self._live: dict[str, list[Grant]] = {}
        self._watches: dict[str, Watch | None] = {}
        self._before: dict[int, Before] = {}
        self._grants: dict[int, Grant] | None = None

    def read_ahead(self, some: Sequence[Request], policy: Policy) -> None:
        """Read what the facts of these requests take, in as many statements as for one.

        Only where nothing is changed: their grants are read for good, too.
        """
        aliases = {request.cluster for request in some if request.state is RequestState.PENDING}
        ids = {alias: str(cluster.id) for alias, cluster in policy.only(aliases).clusters.items()}
        self._live |= grants.live_on(self._session, aliases)
        self._watches |= clusters.get_some(self._session, ids.values())
        self._before |= grants.before(self._session, [request.id for request in some])
        numbers = {number for one in some for number in (one.id, one.extends) if number}
        self._grants = grants.of_requests(self._session, numbers)

    def take_turn(self, requester: str) -> None:
        """Let nobody else add to somebody's requests until this transaction has ended.

        It comes before rows are locked, so that no two transactions wait for each other.
        """
        if requester not in self._turns:
            self._turns.add(requester)
            one_at_a_time(self._session, f"requests of {requester}")
            self._waiting.pop(requester, None)

    def made_by(self, origin: str, requester: str) -> Request | None:
        """Return the request that an interaction made, if any; what else waits is read with it."""
        earlier = requests.earlier(self._session, origin=origin, requester=requester)
        self._waiting.setdefault(requester, earlier.waiting)
        return earlier.made

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

    def before(self, request: Request) -> Before:
        """Return what a requester had before."""
        if request.id not in self._before:
            self._before |= grants.before(self._session, [request.id])
        return self._before[request.id]

    def grant(self, number: int) -> Grant | None:
        """Return a grant as it is now, locked; or as it was read ahead."""
        if self._grants is not None:
            return self._grants.get(number)
        return grants.get(self._session, number)
