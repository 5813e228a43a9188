"""Addresses of other servers, as operators write them."""

from urllib.parse import urlsplit

LOOPBACK_HOSTS = frozenset({"127.0.0.1", "::1", "localhost"})


def check_encrypted(url: str) -> None:
    """Refuse an address where what is sent there could be read on the way.

    Raises:
        ValueError: it is neither https nor http on loopback, it is not a whole address, or it has a
            login in it, which would be shown in logs.
    """
    try:
        address = urlsplit(url)
        host, _ = address.hostname, address.port
    except ValueError:
        raise ValueError("isn't a web address, like https://siem.example.com/dbaccess") from None
    if not host or not url.isascii() or not url.isprintable() or " " in url or address.fragment:
        raise ValueError("isn't a web address, like https://siem.example.com/dbaccess")
    if address.scheme != "https" and not (address.scheme == "http" and host in LOOPBACK_HOSTS):
        raise ValueError("must begin with https:// (http:// for this machine alone)")
    if address.username is not None or address.password is not None:
        raise ValueError("must not have a login in it")
