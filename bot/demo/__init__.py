"""The demo: the real bot between a Slack and a DigitalOcean of our own; nothing leaves here."""

from bot.demo.stage import play, playing
from bot.demo.story import tell_story

__all__ = ["play", "playing", "tell_story"]
