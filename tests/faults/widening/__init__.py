"""An app whose one migration changes a large table; only for tests/faults."""
