"""Machines: their tokens, verified by the keys of the issuers that the policy names."""
