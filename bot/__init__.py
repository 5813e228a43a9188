"""dbaccess lends people access to DigitalOcean managed databases for a while."""

__version__ = "0.1.0"
