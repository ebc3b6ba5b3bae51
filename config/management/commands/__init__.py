"""Found here by manage.py."""
