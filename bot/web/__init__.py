"""HTTP: Slack's endpoint, the pages behind address links, the API for machines, health, metrics."""

from bot.web.api import machine_api
from bot.web.app import MAX_BODY_BYTES, build_wsgi
from bot.web.health import Health
from bot.web.ip import ip_pages
from bot.web.probes import probes, probes_app

__all__ = [
    "MAX_BODY_BYTES",
    "Health",
    "build_wsgi",
    "ip_pages",
    "machine_api",
    "probes",
    "probes_app",
]
