"""What shops deliver by webhook, put into the items of the tracking API: pure, a module per shop."""
