"""A DigitalOcean and a Slack to play with, for the demo, the tests and the benchmarks."""
