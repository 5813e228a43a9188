"""HTTP: Slack's endpoint, the pages behind address links, health and metrics."""

from bot.web.app import MAX_BODY_BYTES, Health, build_wsgi
from bot.web.ip import ip_pages

__all__ = ["MAX_BODY_BYTES", "Health", "build_wsgi", "ip_pages"]
