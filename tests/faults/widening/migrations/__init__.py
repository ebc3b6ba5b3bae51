"""Widens the table of customers, and makes it narrow again."""
