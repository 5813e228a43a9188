"""HTTP: Slack's endpoint, the pages behind address links, the API for machines, health, metrics."""
