"""segments: who belongs together, and why."""
