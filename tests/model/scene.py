"""What a story of the whole model plays in: the database, the clock, and all that is outside."""

from datetime import datetime, timedelta

from bot.config import parse_policy
from bot.domain.policy import Policy
from tests.model.knowledge import Knowledge
from tests.model.memory import Memory, Snapshot
from tests.model.outside import BEGINNING, Outside
from tests.model.scope import Left, Scope
from tests.model.truth import INSTANCE

ORDERS = "9cc10173-e9ea-4176-9dbc-a4cee4c4ff30"
BILLING = "3b3ac2a3-1c1b-4d3e-9d5a-8c2a5f2e2a11"


def policy_of(scope: Scope) -> Policy:
    """Return the policy of a scope: sessions are ended where people connect in it."""
    sessions = {"sessions": {"url_env": "DBACCESS_SESSIONS_ORDERS"}} if scope.has_sessions else {}
    return parse_policy(
        {
            "instance": INSTANCE,
            "operators": "C0OPS",
            "defaults": {
                "channel": "C0APPROVALS",
                "approvers": ["U0ALICE"],
                "auto_approve": [
                    {
                        "requesters": ["*"],
                        "sources": ["198.51.100.0/24", "203.0.113.0/24"],
                        "max_duration": "8h",
                    }
                ],
            },
            "clusters": {"orders": {"id": ORDERS, **sessions}, "billing": {"id": BILLING}},
        }
    )


class Scene:
    """One cluster with its database; it is set anew for each step. It is the clock, too."""

    def __init__(self, scope: Scope) -> None:
        self.scope = scope
        self.policy = policy_of(scope)
        self.memory = Memory()
        self.outside = Outside(BEGINNING, (), Knowledge(), Left())
        self.backup: Snapshot | None = None
        self.words: list[str] = []

    def tell(self, words: str) -> None:
        """Add a line to the story."""
        self.words.append(words)

    def know(self, known: Knowledge) -> None:
        """Note what the oracle has learnt."""
        self.outside = self.outside._replace(known=known)

    def now(self) -> datetime:
        """Return the time."""
        return self.outside.now

    def seconds_until(self, at: datetime) -> float:
        """Return how far away a time is."""
        return (at - self.now()).total_seconds()

    def in_seconds(self, seconds: float) -> datetime:
        """Return what time it will be."""
        return self.now() + timedelta(seconds=seconds)

    def elapsed(self) -> float:
        """Return how much time has passed in this story."""
        return (self.now() - BEGINNING).total_seconds()

    def sleep(self, seconds: float) -> None:
        """Let time pass while a worker waits for its write to be seen."""
        self.outside = self.outside._replace(now=self.in_seconds(seconds), earlier=None)
