"""What is outside of dbaccess: the time, the list of rules, and who else writes it."""

from collections.abc import Collection, Iterable, Iterator
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from bot.domain.rules import Rule
from bot.domain.sessions import DatabaseSession
from tests.model.faults import Fault
from tests.model.knowledge import Knowledge
from tests.model.scope import Left, Scope
from tests.model.search import Step
from tests.model.truth import Entries, Entry, Sent, as_sent, from_us, in_doubt

BEGINNING = datetime(2027, 1, 1, tzinfo=UTC)
_SECONDS = timedelta(seconds=5)
_OVER_SETTLE = timedelta(seconds=65)


class Outside(NamedTuple):
    """What is so, whatever our rows say.

    `copy` is what a doctl has read and not written back. `earlier`: the list as it was before the
    last PUT, which a GET may still answer. `late`: a PUT of ours that has not taken effect yet.
    `connected`: the session that somebody has open at the database server.
    """

    now: datetime
    entries: Entries
    known: Knowledge
    left: Left
    copy: Entries | None = None
    next_uuid: int = 100
    earlier: Entries | None = None
    late: tuple[Sent, ...] | None = None
    connected: DatabaseSession | None = None

    def spend(self, sort: str) -> "Outside":
        """Note that one thing of a sort has happened."""
        return self._replace(left=self.left._replace(**{sort: getattr(self.left, sort) - 1}))

    def put(self, scope: Scope, sent: Iterable[Sent]) -> "Outside":
        """Take anybody's PUT."""
        rules = list(sent)
        entries = scope.nature.put(self.entries, rules, self.now, self.next_uuid)
        earlier = self.entries if Fault.BEHIND in scope.faults else None
        next_uuid = self.next_uuid + len(rules)
        return self._replace(entries=entries, earlier=earlier, next_uuid=next_uuid)

    def put_by_us(self, scope: Scope, rules: Iterable[Rule], read: Entries) -> "Outside":
        """Take a PUT of ours, made from what was *read*."""
        return self.put(scope, from_us(rules, read, self.entries))

    def put_by_us_later(self, rules: Iterable[Rule], read: Entries) -> "Outside":
        """Take a PUT of ours that takes effect after a while; its answer is lost."""
        return self._replace(late=tuple(from_us(rules, read, self.entries)))

    def see(self, read: Entries) -> "Outside":
        """Return the same after a look of ours has read a list."""
        return self._replace(known=self.known.see(read))

    def doubt(self, uuids: Collection[str | None]) -> "Outside":
        """Return the same where these rules count as ours, too."""
        if not uuids:
            return self
        lists = (self.entries, self.copy, self.earlier)
        entries, copy, earlier = (one and in_doubt(one, uuids) for one in lists)
        return self._replace(entries=entries or (), copy=copy, earlier=earlier)

    def lets_in(self, address: str) -> bool:
        """Tell whether the list lets somebody connect from there."""
        return not self.entries or any(entry.rule.value == address for entry in self.entries)

    def connect(self, address: str) -> "Outside":
        """Let somebody open a session."""
        session = DatabaseSession(self.next_uuid, self.now, "bob", "psql", "postgres", address)
        return self._replace(connected=session)

    def alone(self) -> "Outside":
        """Return the same where nothing happens any more but what we do."""
        return self._replace(left=Left(), copy=None, earlier=None)


def beginnings(scope: Scope) -> Iterator[Step[Outside]]:
    """Yield how it may be before the first request."""
    yesterday = BEGINNING - timedelta(days=1)
    for listed in scope.lists:
        entries = tuple(
            Entry(Rule("ip_addr", value, f"u-{n}", said, yesterday), ours=False, theirs=True)
            for n, (value, said) in enumerate(listed)
        )
        words = f"people's rules, a day old: {show(entries)}"
        yield Step(words, Outside(BEGINNING, entries, Knowledge(), scope.left))


def rivals(scope: Scope, now: Outside) -> Iterator[Step[Outside]]:
    """Yield what others may do who write the same list."""
    if now.left.rivals:
        yield from _rivals(scope, now.spend("rivals"))
    if now.copy is not None:  # its read was paid for
        after = now._replace(copy=None)
        for value in (*scope.touched, *scope.besides):
            yield _doctl(scope, after, now.copy, value, "doctl, with its old list,")
    if now.late is not None:  # and so was that
        words = "the PUT whose answer was lost takes effect"
        yield Step(words, now._replace(late=None).put(scope, now.late))


def time_passes(now: Outside, ends: Iterable[datetime]) -> Iterator[Step[Outside]]:
    """Yield how time may pass; *ends* are those of our grants."""
    now = now._replace(earlier=None)
    if now.left.times:
        yield from _time(now.spend("times"), ends)


def show(entries: Entries) -> str:
    """Return a list as a story shows it."""
    shown = (f"{e.rule.value} ({e.rule.description or 'bare'})" for e in entries)
    return "[" + ", ".join(shown) + "]"


def _rivals(scope: Scope, now: Outside) -> Iterator[Step[Outside]]:
    for value in scope.touched:
        yield from _at_the_panel(scope, now, value)
    if "doctl" in scope.may:
        for value in (*scope.touched, *scope.besides):
            yield _doctl(scope, now, now.entries, value, "doctl")
    if "old doctl" in scope.may and now.copy is None:
        yield Step("doctl reads the list", now._replace(copy=now.entries))
    if "terraform" in scope.may:
        for values in scope.configurations:
            yield _terraform(scope, now, values, knows_uuids=True)
            yield _terraform(scope, now, values, knows_uuids=False)
    if "empty" in scope.may and now.entries:
        yield Step("somebody empties the list", now._replace(entries=()))


def _at_the_panel(scope: Scope, now: Outside, value: str) -> Iterator[Step[Outside]]:
    who = "in the control panel"
    if value in {entry.rule.value for entry in now.entries}:
        if "remove" in scope.may:
            left = tuple(entry for entry in now.entries if entry.rule.value != value)
            yield Step(f"a person takes {value} away {who}", now._replace(entries=left))
        return
    for sort, description in (("add", None), ("add described", "home")):
        if sort in scope.may:
            sent = [as_sent(entry, entry.rule.description) for entry in now.entries]
            new = Sent(None, "ip_addr", value, description, ours=False, theirs=True)
            what = f"described as {description}" if description else "without a description"
            yield Step(f"a person adds {value} {who}, {what}", now.put(scope, [*sent, new]))


def _doctl(scope: Scope, now: Outside, listed: Entries, value: str, who: str) -> Step[Outside]:
    """Append or remove, as the real one: all descriptions go, the new rule comes first."""
    bare = [as_sent(entry, None) for entry in listed if entry.rule.value != value]
    if len(bare) < len(listed):
        return Step(f"{who} removes {value}; all descriptions go", now.put(scope, bare))
    new = Sent(None, "ip_addr", value, None, ours=False, theirs=True)
    return Step(f"{who} appends {value}; all descriptions go", now.put(scope, [new, *bare]))


def _terraform(
    scope: Scope, now: Outside, values: tuple[str, ...], *, knows_uuids: bool
) -> Step[Outside]:
    """Apply a whole list; a rule whose uuid it knows is taken over, whoever added it."""
    standing = {entry.rule.value: entry for entry in now.entries} if knows_uuids else {}
    sent = [
        as_sent(standing[value], None)._replace(theirs=True)
        if value in standing
        else Sent(None, "ip_addr", value, None, ours=False, theirs=True)
        for value in values
    ]
    how = "with the uuids that it knows" if knows_uuids else "with new uuids"
    words = f"Terraform applies its list [{', '.join(values)}], {how}"
    return Step(words, now.put(scope, sent))


def _time(now: Outside, ends: Iterable[datetime]) -> Iterator[Step[Outside]]:
    yield Step("5 seconds pass", now._replace(now=now.now + _SECONDS))
    yield Step("65 seconds pass", now._replace(now=now.now + _OVER_SETTLE))
    later = [end for end in ends if end > now.now]
    if later:
        yield Step("time passes, to the end of a grant", now._replace(now=min(later)))
