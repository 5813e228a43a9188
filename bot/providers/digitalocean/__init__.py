"""DigitalOcean's API behind the provider's port."""

from bot.providers.digitalocean.client import DigitalOcean

__all__ = ["DigitalOcean"]
