"""Read-only figures of growth."""
