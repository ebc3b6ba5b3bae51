"""The demo shop: real order history from a public log, and invented people around it."""
