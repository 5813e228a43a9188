"""The stream: every row of the audit is sent to one receiver, in order, at least once."""
