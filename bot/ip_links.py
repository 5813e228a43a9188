"""Address links: `myip`. A link works once, within ten minutes, for whoever has it.

It contains a random, signed token; the key is derived from Slack's signing secret. The row is
stored under a hash, so that reading the database yields no link.
"""

import hashlib
import secrets
from collections.abc import Callable, Sequence
from datetime import timedelta

from itsdangerous import BadSignature, Signer

from bot.access.notifications import reply
from bot.clock import Clock
from bot.domain.kept_form import KeptForm
from bot.domain.notices import AddressSeen
from bot.domain.refusal import Refused
from bot.domain.refusals.lookups import LinksUnused
from bot.domain.reply_to import ReplyTo
from bot.domain.sources import TrustedSource
from bot.store import ip_links
from bot.store.database import Database
from bot.store.ip_links import IpLink
from bot.store.locks import one_at_a_time

SERVES = timedelta(minutes=10)
MOST_UNUSED = 5
_SALT = b"dbaccess address link"
_ID_BYTES = 16


class IpLinks:
    """Creates and redeems links, in any thread.

    `signing_secrets` are Slack's, the current one first: links of the one before it serve, too.
    `public_url` is where browsers reach this installation; None: they cannot, so there are no
    links.
    """

    def __init__(
        self,
        database: Database,
        clock: Clock,
        wake: Callable[[], None],
        *,
        signing_secrets: Sequence[str],
        public_url: str | None,
    ) -> None:
        self._public_url = public_url
        self._database = database
        self._clock = clock
        self._wake = wake
        self._signer = Signer(
            list(reversed(signing_secrets)),  # itsdangerous signs with the last
            salt=_SALT,
            key_derivation="hmac",
            digest_method=hashlib.sha256,
        )

    @property
    def can_be_made(self) -> bool:
        """Whether browsers can reach this installation."""
        return self._public_url is not None

    def make(self, reply_to: ReplyTo, team_id: str, *, form: KeptForm | None = None) -> str | None:
        """Return the URL of a new link; None if browsers cannot reach this installation.

        *form* is the one that the address is for.

        Raises:
            Refused: they have several unused ones already.
        """
        if self._public_url is None:
            return None
        owner = reply_to.user_id
        drawn = secrets.token_urlsafe(_ID_BYTES)
        now = self._clock.now()
        with self._database.transaction() as session:
            one_at_a_time(session, f"address links of {owner}")
            if ip_links.count(session, owner, now) >= MOST_UNUSED:
                raise Refused(LinksUnused(most=MOST_UNUSED, serves=SERVES))
            ip_links.add(
                session,
                _hashed(drawn),
                reply_to=reply_to,
                team_id=team_id,
                at=now,
                expires_at=now + SERVES,
                form=form,
            )
        return f"{self._public_url}/ip/{self._signer.sign(drawn).decode()}"

    def find(self, token: str) -> IpLink | None:
        """Return the link of a token if it is still valid; nothing is changed."""
        link_id = self._read(token)
        if link_id is None:
            return None
        with self._database.reading() as session:
            return ip_links.find(session, link_id, self._clock.now())

    def use(self, token: str, source: TrustedSource) -> IpLink | None:
        """Use a link up and owe its owner the address; None where it serves no more."""
        link_id = self._read(token)
        if link_id is None:
            return None
        now = self._clock.now()
        with self._database.transaction() as session:
            link = ip_links.use(session, link_id, now)
            if link is not None:
                reply(session, AddressSeen(source=source, form=link.form), link.reply_to, at=now)
        if link is not None:
            self._wake()
        return link

    def _read(self, token: str) -> str | None:
        """Return the id of a token's row; None if we did not sign it."""
        try:
            return _hashed(self._signer.unsign(token).decode())
        except (BadSignature, UnicodeError):
            return None


def _hashed(drawn: str) -> str:
    return hashlib.sha256(drawn.encode()).hexdigest()
