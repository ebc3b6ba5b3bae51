"""campaigns: the right word at the right time."""
