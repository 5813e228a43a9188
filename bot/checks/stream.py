"""The stream: whether its receiver can be reached, and takes what is sent."""

from collections.abc import Iterator
from contextlib import closing

from bot.checks.findings import Finding, fault, hint, ok
from bot.config import Settings
from bot.domain.policy import Policy
from bot.retry import TemporaryError
from bot.stream.receiver import Receiver, send_ping

_WHAT = "stream"
_SECONDS = 5.0


def check_stream(settings: Settings, policy: Policy, *, live: bool) -> Iterator[Finding]:
    """Yield what is to be said of the receiver, if there is one.

    Args:
        settings: the secrets.
        policy: the receiver's address.
        live: send a test event; else only a connection is opened.
    """
    keys = settings.stream_keys()
    if policy.stream is None:
        if keys:
            yield hint(_WHAT, "DBACCESS_STREAM_SECRET is set, but there is no [stream]")
        return
    yield from (
        fault("environment", problem.removeprefix("environment: "))
        for problem in settings.lacks(policy)
    )
    if len(keys) > 1:
        yield hint(
            _WHAT,
            "an old secret signs, too: take it out of DBACCESS_STREAM_SECRET once the receiver "
            "verifies with the new one",
        )
    if keys:
        with closing(Receiver(policy.stream.url, seconds=_SECONDS)) as receiver:
            yield _try(receiver, policy, keys, live=live)


def _try(receiver: Receiver, policy: Policy, keys: tuple[bytes, ...], *, live: bool) -> Finding:
    try:
        if not live:
            receiver.reach()
            return ok(
                _WHAT, f"{receiver.place} can be reached; `dbaccess stream ping` sends a test event"
            )
        event = send_ping(receiver, keys, policy.instance)
    except TemporaryError as error:
        return fault(_WHAT, f"{receiver.place}: {error}")
    return ok(_WHAT, f"{receiver.place} took a test event, {event.id}")
