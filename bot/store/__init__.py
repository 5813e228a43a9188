"""The tables, the sessions and the queries that each use case needs."""
