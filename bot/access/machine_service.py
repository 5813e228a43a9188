"""The service for machines: each of their requests is one transaction, as for people."""

from sqlmodel import Session

from bot.access.machine_requests import hand_back, request_as_machine
from bot.access.service import AccessService
from bot.access.unit_of_work import UnitOfWork
from bot.domain.audit_actions import Action
from bot.domain.commands import RequestAccess
from bot.domain.lifecycle import EndReason, Grant
from bot.domain.machine_access import MachineAccess, kept_access, machine_access
from bot.domain.machines import Machine
from bot.domain.refusal import Refused
from bot.domain.refusals.any_refusal import AnyRefusal, of_detail
from bot.domain.refusals.machines import NotThisMachines
from bot.store import audit, grants, idempotency
from bot.store.database import Database
from bot.store.idempotency import Once

_EARLY = (EndReason.FAILED, EndReason.REMOVED_OUTSIDE)


class MachineService:
    """What machines may do. Whoever calls has verified their tokens."""

    def __init__(self, database: Database, access: AccessService) -> None:
        self._database = database
        self._access = access

    def request(
        self, command: RequestAccess, machine: Machine, once: Once | None = None
    ) -> MachineAccess:
        """Open access by a written policy, or return what there is of it already.

        What was answered *once* is answered again, whatever became of it since.

        Raises:
            Refused: the written policy or the cluster does not allow it.
            KeyReused: *once* was another request.
        """

        def step(uow: UnitOfWork) -> MachineAccess:
            uow.found.take_turn(machine.principal)
            if once is not None:
                answered = idempotency.answered(uow.session, once, uow.now)
                if answered is not None:
                    return kept_access().validate_python(answered)
            grant, is_new = request_as_machine(uow, command, machine)
            access = machine_access(grant, is_new=is_new)
            if once is not None:
                kept = kept_access().dump_python(access, mode="json")
                idempotency.keep(uow.session, once, kept, uow.now)
            return access

        return self._access.in_one_transaction(step)

    def find(self, number: int, machine: Machine) -> MachineAccess:
        """Return access of the machine's own.

        Raises:
            Refused: it has none of that number.
        """
        with self._database.reading() as session:
            grant = grants.of_requests(session, [number]).get(number)
            if grant is None or grant.requester != machine.principal:
                raise Refused(NotThisMachines(number=number))
            return machine_access(grant, why=_why_ended(session, grant))

    def hand_back(self, number: int, machine: Machine) -> MachineAccess:
        """Have access of the machine's own end now, if it has not yet.

        Raises:
            Refused: it has none of that number.
        """
        return self._access.in_one_transaction(
            lambda uow: machine_access(hand_back(uow, number, machine))
        )


def _why_ended(session: Session, grant: Grant) -> AnyRefusal | None:
    """Return why access could not be opened, or stay, as the audit has it."""
    if grant.end_reason not in _EARLY:
        return None
    rows = audit.rows(session, actions=(Action.ENDING, Action.ENDED), number=grant.id)
    for row in rows:
        if why := of_detail(row.detail):
            return why
    return None
