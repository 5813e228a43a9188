"""Row M: pages of what is much: a Home of an approver of 200 clusters, and `list all`."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from time import process_time

from bench import company, seeding
from bench.findings import Figure, Finding, Scale, milliseconds, reasons
from bench.stage import stage
from bench.statements import statements
from bot.bootstrap.components import Components, build_components
from bot.providers.shared_reads import SharedReads
from bot.sessions.lookups import SessionLookups
from bot.slack.queries import Queries
from bot.store import jobs
from bot.store.jobs import Kind
from dbaccess_playground.demo.company import ALICE

_MOST_SECONDS = 1.0


def measure(scale: Scale) -> Finding:
    """Make both pages, with 1,000 live grants and 100 requests that wait."""
    clusters, live, waiting = scale.pick(200, 5), scale.pick(1_000, 20), scale.pick(100, 4)
    now = datetime.now(UTC)
    with stage(clusters) as place:
        ends = [now + timedelta(hours=3)] * live
        seeding.add_grants(place.database, ends, clusters=clusters, now=now)
        seeding.add_pending(place.database, waiting, clusters=clusters, now=now, first=live + 1)
        settings = company.settings(place.slack, place.digitalocean, place.url)
        parts = build_components(settings, company.policy(clusters))
        alice = parts.directory.person(ALICE, place.slack.team_id, [])
        reads = SharedReads(parts.provider, parts.clock.elapsed)
        lookups = SessionLookups(parts.open_sessions, parts.clock.elapsed)
        queries = Queries(parts.database, reads, lookups, parts.policy, parts.clock.elapsed)
        pages: dict[str, Callable[[], object]] = {
            f"Home of an approver of {clusters} clusters": _home(parts, place.slack.team_id),
            f"`list all`, {live:,} grants": lambda: queries.everybodys(alice),
        }
        figures, unmet = [], []
        for what, make in pages.items():
            make()
            with statements(parts.database) as sent:
                began = process_time()
                make()
                seconds = process_time() - began
            figures.append(Figure(what, milliseconds(seconds), ratio=f"{len(sent)}"))
            unmet.append(f"{what}: {seconds:.1f} s" if seconds > _MOST_SECONDS else "")
        parts.close()
    goal = "a Home of 200 clusters and `list all` of 1,000 grants within a second"
    columns = ("processor time", "", "statements")
    return Finding("M", goal, tuple(figures), reasons(*unmet), columns=columns)


def _home(parts: Components, team_id: str) -> Callable[[], object]:
    """Return what draws Alice's Home, as the worker does."""
    parts.homes.open(ALICE, team_id)
    now = parts.clock.now()
    with parts.database.transaction() as session:
        until = now + timedelta(hours=1)
        [job] = jobs.claim(session, Kind.HOME, now, until=until, most=1, most_retried=1)
    return lambda: parts.homes.handle(job)
