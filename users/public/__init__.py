"""What customers open from a message about themselves, without a log-in."""
