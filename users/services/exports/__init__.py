"""Exporting customers, orders, consents and tags as files that only their maker may fetch, for a day."""
