"""The demo: the real bot between a Slack and a DigitalOcean of our own; nothing leaves here."""

from bot.demo.story import tell_story

__all__ = ["tell_story"]
