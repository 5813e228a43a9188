"""One row of the audit's chain, as it is stored, and whether it is as it was written."""

from datetime import UTC, datetime
from typing import Any, NamedTuple

from bot.domain.audit_chain import digest_of, digest_of_text
from bot.domain.canonical_json import decode, quoted
from bot.domain.personal_fields import Sealed, commitments_of, sealed

SEALED = 2  # the format of the rows that are written: their personal fields are kept apart
_EMPTY = "{}"
_DETAIL = '"detail":'


class Link(NamedTuple):
    """A row as the database holds it: nothing is parsed that need not be, since there are many.

    `at` is in UTC, like `2026-11-25 12:00:00.123456`. `detail`, `commitments` and `personal` are
    JSON. The digest covers all but the row's number, which follows from its place, the name of the
    key, and `personal`, of which it covers the commitments. In another `format` than `SEALED` there
    are none.
    """

    number: int
    at: str
    action: str
    actor: str
    cluster: str
    request_id: int | None
    detail: str
    digest: str
    key: str = ""
    format: int = SEALED
    commitments: str | None = _EMPTY
    personal: str | None = None

    def follows(self, before: str, key: bytes | None) -> bool:
        """Tell whether it is as it was written behind the row with the digest *before*.

        Its JSON is stored in the form that the digest covers, so that its text is enough. Only
        where that does not fit is it parsed and brought to that form.
        """
        try:
            said = self._as_stored()
            if said is not None and digest_of_text(before, said, key) == self.digest:
                return True
            return digest_of(before, self._as_parsed(), key) == self.digest
        except (TypeError, ValueError):  # somebody wrote there what is no text, time or JSON
            return False

    @property
    def is_complete(self) -> bool:
        """Whether each of its personal fields is there and says what was committed to.

        If not, `sealed` tells what is the matter, if anything is.
        """
        if self.personal is None:
            return self.commitments == _EMPTY or self.format != SEALED
        try:
            return commitments_of(decode(self.personal)) == self.commitments
        except (AttributeError, TypeError, ValueError):  # somebody wrote there what are no fields
            return False

    @property
    def sealed(self) -> Sealed | None:
        """The personal fields that are kept apart; None in a format that does not."""
        if self.format != SEALED:
            return None
        try:
            return sealed(_parsed(self.commitments), _parsed(self.personal))
        except ValueError:  # somebody wrote there what is no JSON
            return sealed(None, self.personal)

    @property
    def moment(self) -> datetime:
        """When it was written.

        Raises:
            ValueError: `at` is no time.
        """
        at = datetime.fromisoformat(self.at)
        return at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)

    def is_from_before(self, then: datetime) -> bool:
        """Tell whether it was written before a time; if that cannot be told, it was not."""
        try:
            return self.moment < then
        except (TypeError, ValueError):  # of a lost key: the time is not checked either
            return False

    def _as_stored(self) -> str | None:
        """Return the JSON that the digest covers, put together from the texts that are stored.

        None where it is not certain that these texts alone can have made it: whoever moves a part
        of `detail` to `commitments`, or back, must not arrive at the same.

        Raises:
            TypeError, ValueError: somebody wrote there what is no text, or no number.
        """
        _, at, action, actor, cluster, about, detail, _, _, form, commitments, _ = self
        said = (
            f'{{"action":{quoted(action)},"actor":{quoted(actor)},"at":{quoted(_iso(at))}'
            f',"cluster":{quoted(cluster)}'
        )
        number = "null" if about is None else f"{about:d}"
        end = f'"request_id":{number}}}'
        if form != SEALED:
            return f'{said},"detail":{detail},{end}'
        if commitments is None or _DETAIL in commitments or _DETAIL in detail:
            return None
        return f'{said},"commitments":{commitments},"detail":{detail},"format":{SEALED},{end}'

    def _as_parsed(self) -> dict[str, Any]:
        return covered(
            at=self.moment,
            action=self.action,
            actor=self.actor,
            cluster=self.cluster,
            request_id=self.request_id,
            detail=_parsed(self.detail),
            form=self.format,
            commitments=_parsed(self.commitments),
        )


def covered(
    *,
    at: datetime,
    action: str,
    actor: str,
    cluster: str,
    request_id: int | None,
    detail: Any,
    form: int,
    commitments: Any,
) -> dict[str, Any]:
    """Return what the digest of a row covers, which was written in the format *form*."""
    facts = {
        "at": at.astimezone(UTC).isoformat(),
        "action": action,
        "actor": actor,
        "cluster": cluster,
        "request_id": request_id,
        "detail": detail,
    }
    return facts | {"format": form, "commitments": commitments} if form == SEALED else facts


def _iso(at: str) -> str:
    """Return a stored time as `datetime.isoformat` does."""
    return f"{at[:10]}T{at[11:].removesuffix('.000000')}+00:00"


def _parsed(text: str | None) -> Any:
    return None if text is None else decode(text)
