"""A page with both sandboxes, for a browser on this machine."""
