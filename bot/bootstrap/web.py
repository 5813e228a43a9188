"""What answers Slack, browsers, machines and monitoring, put together."""

from functools import partial
from typing import TYPE_CHECKING

from flask import Flask

from bot.access.machine_service import MachineService
from bot.bootstrap.components import Components, slack_client
from bot.bootstrap.probes import probe_pages
from bot.providers.shared_reads import SharedReads
from bot.sessions.lookups import SessionLookups
from bot.slack.client import FORM_SECONDS
from bot.slack.inbound.background_tasks import BackgroundTasks
from bot.slack.inbound.bolt_app import SlackApp
from bot.slack.inbound.controller import SlackController
from bot.slack.inbound.signature_verifier import RequestVerifier
from bot.slack.queries import Queries
from bot.web.api.endpoints import machine_api
from bot.web.app import build_wsgi
from bot.web.ip import ip_pages

if TYPE_CHECKING:
    from bot.worker import Worker


def build_slack(components: Components) -> SlackApp:
    """Return what Slack talks to."""
    reads = SharedReads(components.provider, components.clock.elapsed)
    lookups = SessionLookups(components.open_sessions, components.clock.elapsed)
    queries = Queries(
        components.database, reads, lookups, components.policy, components.clock.elapsed
    )
    form_client = slack_client(
        components.settings, components.metrics, timeout_seconds=FORM_SECONDS
    )
    controller = SlackController(
        components.access,
        queries,
        components.directory,
        components.catalogue,
        components.policy,
        components.homes,
        components.ip_links,
        BackgroundTasks(components.slack, form_client, components.replies),
    )
    verifier = RequestVerifier(
        components.settings.signing_secrets(),
        on_outcome=components.metrics.note_slack_request,
    )
    note = partial(components.metrics.note_connection, "slack")
    return SlackApp(components.slack, controller, verifier, note)


def build_app(components: Components, slack: SlackApp, worker: "Worker | None") -> Flask:
    """Return the WSGI app for browsers, and for Slack unless that uses Socket Mode."""
    proxies = components.settings.dbaccess_trusted_proxies
    pages = ip_pages(
        components.ip_links,
        components.seen_by,
        slack.fill_in,
        components.directory.name,
        trusted_proxies=proxies,
    )
    api = machine_api(
        MachineService(components.database, components.access),
        components.tokens,
        components.clock.elapsed,
        trusted_proxies=proxies,
        stop=components.draining,
        on_answer=components.metrics.note_machine_request,
    )
    over_http = components.settings.slack_app_token is None
    connection = None if over_http else slack.problem
    return build_wsgi(
        slack if over_http else None, pages, api, probe_pages(components, worker, connection)
    )
