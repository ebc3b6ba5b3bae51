"""users: who they are, what they did, where they stand."""
