"""Pages of users that anybody may open."""
