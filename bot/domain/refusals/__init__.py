"""Refusals: why a command cannot be carried out, each a code with plain values; no words."""
