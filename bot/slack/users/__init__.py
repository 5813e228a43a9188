"""Slack's people: who somebody is, which groups they are in, who has left."""
