"""How a call of the API may fail."""

from enum import StrEnum


class Fault(StrEnum):
    """How a call may fail."""

    UNREAD = "it cannot read (503)"
    BEHIND = "it is answered with the list as it was before"
    FORBIDDEN = "refused (403), nothing is done"
    LIMITED = "refused (429), nothing is done"
    NO_CONNECTION = "no connection, nothing is done"
    UNPROCESSABLE = "refused (422), nothing is done"
    LOST_DONE = "the answer is lost, it was done"
    NO_BUDGET = "no call is left for it, nothing is sent"
    LOST_UNDONE = "the answer is lost, it was not done"
    LOST_LATE = "the answer is lost, it takes a while"


READ_FAULTS = (Fault.UNREAD, Fault.BEHIND)
WRITE_FAULTS = tuple(fault for fault in Fault if fault not in READ_FAULTS)
UNKNOWN = (Fault.LOST_DONE, Fault.LOST_UNDONE, Fault.LOST_LATE)
USUAL = (
    Fault.UNREAD,
    Fault.FORBIDDEN,
    Fault.UNPROCESSABLE,
    Fault.LOST_DONE,
    Fault.LOST_UNDONE,
)
