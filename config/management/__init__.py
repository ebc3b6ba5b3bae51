"""The commands that belong to no idea of the shop."""
