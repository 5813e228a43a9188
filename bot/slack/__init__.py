"""The Slack face: handlers, messages, directory, delivery; alone in knowing Bolt and the SDK."""
