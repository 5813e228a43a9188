"""DigitalOcean's API behind the provider's port. Nothing else imports pydo."""

from bot.providers.digitalocean.client import DigitalOcean

__all__ = ["DigitalOcean"]
