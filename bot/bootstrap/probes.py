"""What answers monitoring, put together."""

from collections.abc import Callable
from typing import TYPE_CHECKING

from flask import Blueprint, Flask

from bot.bootstrap.components import Components
from bot.web.health import Health
from bot.web.probes import probes, probes_app

if TYPE_CHECKING:
    from bot.worker import Worker


def build_probes_app(components: Components, worker: "Worker | None") -> Flask:
    """Return the WSGI app of a process that only monitoring calls."""
    return probes_app(probe_pages(components, worker))


def probe_pages(
    components: Components,
    worker: "Worker | None",
    connection: Callable[[], str | None] | None = None,
) -> Blueprint:
    """Return the pages for monitoring; *connection* says why nothing comes from Slack, if so."""
    health = Health(
        components.database,
        components.clock,
        seconds_since_last_tick=worker.seconds_since_last_tick if worker else lambda: 0.0,
        connection=connection,
        is_draining=components.draining.is_set,
    )
    return probes(health, components.metrics.registry)
