"""A Slack workspace with its Web API, and people who use the bot there."""
