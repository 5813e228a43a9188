"""What comes from Slack: verify, parse, answer within three seconds."""
