"""growth: reasons to come back."""
