"""Sessions: when a source stops being trusted, the connections that came from it are ended (P9)."""
