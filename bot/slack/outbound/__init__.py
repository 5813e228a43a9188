"""What goes to Slack: messages from the outbox, Home tabs, at the pace Slack allows."""
