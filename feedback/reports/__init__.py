"""Read-only figures of feedback."""
