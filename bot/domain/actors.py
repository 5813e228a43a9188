"""Actors: who acts without being a person of the workspace."""

from enum import StrEnum


class Actor(StrEnum):
    """What stands in tables and the audit where otherwise a Slack user's id does.

    DBACCESS: the bot itself, by the clock. POLICY, EMERGENCY: the written policy that approved.
    OPERATOR: somebody at the command line. DEPARTED: the bot, since the holder's account was
    deactivated. UNKNOWN: the requester of a grant that was recovered from its rule's label.
    """

    DBACCESS = "dbaccess"
    POLICY = "policy"
    EMERGENCY = "emergency"
    OPERATOR = "operator"
    DEPARTED = "departed"
    UNKNOWN = "unknown"


DECIDING = frozenset({Actor.POLICY, Actor.EMERGENCY, Actor.DBACCESS})  # without any person
