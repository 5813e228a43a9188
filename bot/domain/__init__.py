"""The rules of the game, pure: no I/O, no clock, no Slack, no SQL."""
