"""Slack's limits, as its documentation has them; ours on what people write: `bot.domain.limits`."""

ACK_SECONDS = 3.0
"""How long Slack waits for the answer to an interaction."""

TRIGGER_SECONDS = 3.0
"""How long after an interaction a form may be opened."""

SIGNATURE_SECONDS = 300
"""How old a signed request may be."""

SECONDS_BETWEEN_MESSAGES = 1.0
"""About one message a second goes to one channel; short bursts above that are allowed."""

MESSAGE_BLOCKS = 50
"""How many blocks a message has at the most."""

MESSAGE_CHARACTERS = 4_000
"""The `text` of a message, beside its blocks; what is longer may be cut."""

TEXT_CHARACTERS = 3_000
"""The text of a section or a context."""

FIELD_CHARACTERS = 2_000
"""The text of one of a section's fields."""

HEADER_CHARACTERS = 150
"""The text of a header."""

TITLE_CHARACTERS = 24
"""The title of a form."""

MOST_OPTIONS = 100
"""How many options a menu has."""

OPTION_CHARACTERS = 75
"""The text of an option, and its description."""

OPTION_VALUE_CHARACTERS = 150
"""The value of an option."""

CONFIRM_CHARACTERS = 300
"""The text that asks back before a press counts."""

BUTTON_VALUE_CHARACTERS = 2_000
"""The value of a button."""
