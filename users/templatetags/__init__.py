"""Template tags about customers."""
