"""Pages that links in messages open."""
