"""What one attempt to end the sessions of a source has seen and done."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from time import monotonic

from bot.domain.sessions import DatabaseSession
from bot.providers.base import Provider
from bot.sessions.base import EVERYWHERE, Sessions
from bot.sessions.droplets import addresses_of
from bot.store.session_ends import SessionEnd


def resolved(end: SessionEnd, provider: Provider) -> SessionEnd:
    """Return it with the addresses that Droplets have now, besides those that they had.

    Raises:
        ApiError: these cannot be found.
    """
    if end.is_resolved or not end.source.lets_in_droplets:
        return end
    known = {*end.addresses, *addresses_of(end.source, provider)}
    return end.model_copy(update={"addresses": tuple(sorted(known)), "is_resolved": True})


@dataclass
class Closing:
    """One attempt to end the sessions of a source: what was seen since it was saved last."""

    end: SessionEnd
    began: float = field(default_factory=monotonic)
    closed: list[DatabaseSession] = field(default_factory=list)
    refused: list[DatabaseSession] = field(default_factory=list)

    @property
    def has_news(self) -> bool:
        """Whether something is not in the audit yet."""
        return bool(self.closed or self.refused)

    def look(self, sessions: Sessions) -> list[DatabaseSession]:
        """Look who is there; return those of them that are not known to stay."""
        networks = self.end.networks
        if len(networks) == 1:
            return self.see(sessions.of(networks[0]))
        everybody = sessions.of(EVERYWHERE)  # one question, however many addresses
        return self.see([one for one in everybody if one.address in self.end.addresses])

    def see(self, there: Sequence[DatabaseSession]) -> list[DatabaseSession]:
        """Take in who is there; return those of them that are not known to stay."""
        if there:
            self.end = self.end.model_copy(update={"unseen_until": None})
        gone = [one for one in self.end.pending if one not in there]
        self.closed += gone
        left = tuple(one for one in self.end.pending if one in there)
        self.end = self.end.model_copy(update={"pending": left})
        return [one for one in there if one not in (*self.end.refused, *self.refused)]

    def settled(self) -> SessionEnd:
        """Return what the job has done once this is in the audit."""
        done = {
            "closed": self.end.closed + len(self.closed),
            "refused": (*self.end.refused, *self.refused),
        }
        return self.end.model_copy(update=done)
