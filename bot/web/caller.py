"""The caller: the address that a request came from, by what the proxies in front say."""

from flask import request

from bot.domain.addresses import Address
from bot.domain.client_address import client_address


def caller_address(trusted_proxies: int) -> Address | None:
    """Return the address that the request at hand came from; None if it is not known."""
    return client_address(
        request.remote_addr or "",
        request.headers.get("X-Forwarded-For", ""),
        trusted_proxies=trusted_proxies,
    )
