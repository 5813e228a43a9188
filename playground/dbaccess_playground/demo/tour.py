"""The tour: the first story to play, and how far it has come."""

from collections.abc import Sequence

from sqlmodel import col, select

from bot.domain.lifecycle import GrantState, Verdict
from bot.store.database import Database
from bot.store.tables import DecisionRow, GrantRow, RequestRow
from dbaccess_playground.demo.company import ALICE, APPROVALS, BOB, CAROL, GENERAL, RITA
from dbaccess_playground.web.setting import Step

FIRST_COMMAND = "/dbaccess request 203.0.113.4 2h orders fixing the nightly job"
_FAST = 600.0

STEPS = (
    Step("Rita requests:", FIRST_COMMAND, be=RITA, channel=GENERAL, typed=FIRST_COMMAND),
    Step("Approve as", "Alice", be=ALICE, channel=APPROVALS),
    Step("and as", "Bob", be=BOB, channel=APPROVALS),
    Step("Two hours in 12 s:", "Speed up", rate=_FAST),
)


def steps_done(database: Database) -> Sequence[bool]:
    """Return for each step whether it has been done, by the bot's own records.

    The steps are: a request exists, one approver approved, access opened, it ended. Access that
    opened without approvers (by written policy, in an emergency) is another story.
    """
    by_approvers = select(DecisionRow.request_id).where(
        DecisionRow.verdict == Verdict.APPROVE, col(DecisionRow.approver).in_([ALICE, BOB, CAROL])
    )
    approved = select(GrantRow).where(col(GrantRow.id).in_(by_approvers))
    with database.reading() as session:
        found = (
            session.exec(select(RequestRow).limit(1)).first(),
            session.exec(by_approvers.limit(1)).first(),
            session.exec(approved.where(GrantRow.state != GrantState.APPLYING).limit(1)).first(),
            session.exec(approved.where(GrantRow.state == GrantState.ENDED).limit(1)).first(),
        )
    return [one is not None for one in found]
