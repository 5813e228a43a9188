"""Slack's Web API as the sandbox answers it."""
