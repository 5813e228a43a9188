"""What `dbaccess init` posts to find a channel by its name."""


def found_as_approval_channel() -> str:
    """Return the line for the channel where requests are decided."""
    return "dbaccess is being set up. Requests for database access will be decided here."


def found_as_operators_channel() -> str:
    """Return the line for the channel for alarms."""
    return "dbaccess is being set up. Alarms about database access will be sent here."
