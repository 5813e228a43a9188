"""The HTTP API for machines: `/v1/requests`, and the document that describes it."""
