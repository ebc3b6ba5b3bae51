"""Tests of the public pages of users."""
