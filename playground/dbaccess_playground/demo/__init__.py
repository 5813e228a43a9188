"""The demo: the real bot between the two sandboxes; nothing leaves this machine."""
