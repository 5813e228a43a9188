"""Actors: who acts without being a person of the workspace."""

from enum import StrEnum


class Actor(StrEnum):
    """Who acted, in tables and the audit, if it was no Slack user.

    DBACCESS: the bot itself, by the clock. POLICY, EMERGENCY: the written policy that approved.
    OPERATOR: somebody at the command line. DEPARTED: the bot, because the holder was deactivated.
    UNKNOWN: the requester of a grant that was recovered from its rule's label.
    """

    DBACCESS = "dbaccess"
    POLICY = "policy"
    EMERGENCY = "emergency"
    OPERATOR = "operator"
    DEPARTED = "departed"
    UNKNOWN = "unknown"


DECIDING = frozenset({Actor.POLICY, Actor.EMERGENCY, Actor.DBACCESS})  # without any person
