"""The page behind an address link: it shows the visitor's address, and sends it to Slack.

Only submitting its form uses the link up, so that scanners and previews do no harm. A link that has
expired looks the same as one that never existed.
"""

import base64
import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any
from urllib.parse import quote

import structlog
from flask import Blueprint, Response, current_app, render_template, request

from bot.domain.client_address import (
    ClientAddress,
    NotPublic,
    NotTold,
    OverIpv6,
    Usable,
    classify_client_address,
)
from bot.domain.policy import Policy
from bot.domain.refusal import Refused
from bot.domain.sources import TrustedSource
from bot.ip_links import IpLinks
from bot.slack.messages.quoting import in_plain_text
from bot.slack.messages.refusals import sentence
from bot.slack.users.unavailable import DirectoryUnavailable
from bot.store.failures import DATABASE_UNAVAILABLE, trouble_of
from bot.store.ip_links import IpLink
from bot.web.caller import caller_address

_HEADERS = {
    "Cache-Control": "no-store",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Robots-Tag": "noindex, nofollow",
}

log = structlog.get_logger()


def ip_pages(
    links: IpLinks,
    seen_by: Callable[[IpLink], Policy],
    fill_in: Callable[[IpLink, TrustedSource], None],
    name: Callable[[str], str],
    *,
    trusted_proxies: int,
) -> Blueprint:
    """Return the pages at `/ip/…`.

    Args:
        links: creates and redeems the links.
        seen_by: returns the policy as a link's owner may see it; raises `Refused` if they may see
            nothing, and `DirectoryUnavailable` if Slack does not say who they are.
        fill_in: fills the address into the form that a link is for, if that is open.
        name: returns what somebody is called in Slack; raises `DirectoryUnavailable` likewise.
        trusted_proxies: how many there are in front.
    """
    pages = Blueprint("ip", __name__, template_folder="templates", url_prefix="/ip")
    visits = _Visits(links, seen_by, fill_in, name, trusted_proxies)
    pages.get("/<path:token>")(visits.look)
    pages.post("/<path:token>")(visits.use)
    pages.register_error_handler(Refused, _not_admitted)
    for kind in (*DATABASE_UNAVAILABLE, DirectoryUnavailable):
        pages.register_error_handler(kind, _away)
    return pages


@dataclass(frozen=True)
class _Visits:
    """What happens when a browser comes."""

    links: IpLinks
    seen_by: Callable[[IpLink], Policy]
    fill_in: Callable[[IpLink, TrustedSource], None]
    name: Callable[[str], str]
    trusted_proxies: int

    def look(self, token: str) -> Response:
        """Show the address, and change nothing."""
        link = self.links.find(token)
        if link is None:
            return _dead()
        return self._sight_page(link, self._sight(link))

    def use(self, token: str) -> Response:
        """Send the address that was shown to Slack; if it has changed, show the new one first."""
        link = self.links.find(token)
        if link is None:
            return _dead()
        seen = self._sight(link)
        if not isinstance(seen, Usable) or request.form.get("address") != seen.source.value:
            return self._sight_page(link, seen, HTTPStatus.CONFLICT, has_changed=True)
        link = self.links.use(token, seen.source)
        if link is None:
            return _dead()
        self.fill_in(link, seen.source)
        slack = f"slack://open?team={quote(link.team_id, safe='')}"
        return _page("done", address=seen.source.value, slack=slack, has_form=link.form is not None)

    def _sight(self, link: IpLink) -> ClientAddress:
        """Return whether the visitor's address is of use to the owner of the link (P4)."""
        address = caller_address(self.trusted_proxies)
        return classify_client_address(address, self.seen_by(link))

    def _sight_page(
        self,
        link: IpLink,
        seen: ClientAddress,
        status: HTTPStatus = HTTPStatus.OK,
        *,
        has_changed: bool = False,
    ) -> Response:
        match seen:
            case Usable(source):
                owner = self.name(link.reply_to.user_id)  # a link may be opened by somebody else
                facts = {"address": source.value, "owner": owner, "has_changed": has_changed}
                return _page("usable", status, **facts)
            case OverIpv6(address):
                return _page("ipv6", status, address=address)
            case NotPublic(address, why):
                why_not = sentence(why, in_plain_text)
                return _page("not_public", status, address=address, why=why_not)
            case NotTold():
                return _page("untold", status)


def _away(error: Exception) -> Response:
    if trouble_of(error) is None:  # else it is logged once for all who meet it
        log.error("address link: database or Slack unavailable", error=type(error).__name__)
    return _page("away", HTTPStatus.SERVICE_UNAVAILABLE)


def _not_admitted(_error: Exception) -> Response:
    return _dead()


def _dead() -> Response:
    return _page("dead", HTTPStatus.NOT_FOUND)


def _page(name: str, status: HTTPStatus = HTTPStatus.OK, **facts: Any) -> Response:
    response = Response(render_template(f"ip/{name}.html", **facts), status, _HEADERS)
    response.headers["Content-Security-Policy"] = "; ".join(
        [
            "default-src 'none'",
            f"style-src '{_style_hash()}'",
            "img-src data:",
            "form-action 'self'",
            "frame-ancestors 'none'",
            "base-uri 'none'",
        ]
    )
    return response


def _style_hash() -> str:
    """Return the hash of the page's style, without which the browser would not apply it."""
    style = current_app.jinja_env.get_template("ip/style.css").render()
    return f"sha256-{base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()}"
