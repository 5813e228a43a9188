"""The use cases: request, decide, extend, revoke, cancel, lapse and more; one transaction each."""

from bot.access.service import AccessService

__all__ = ["AccessService"]
