"""A DigitalOcean account with its API, and other tools that write the same rules."""
