"""Clouds that run databases: the port they are reached through, and a folder for each."""
