"""A strict checker of Block Kit."""
