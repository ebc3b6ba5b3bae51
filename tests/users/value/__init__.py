"""Tests of the figures of the day."""
