"""A Slack and a DigitalOcean to play with, for the demo, the tests and the benchmarks."""
