"""The HTTP API for machines: `/v1/requests`, and the document that describes it."""

from bot.web.api.endpoints import machine_api

__all__ = ["machine_api"]
