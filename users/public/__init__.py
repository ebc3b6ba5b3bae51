"""Pages of users that anybody may open, without a log-in."""
