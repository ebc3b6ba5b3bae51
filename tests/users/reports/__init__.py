"""Reports of users: every figure computed a second way, from the log of what happened, with pandas."""
