"""Operators' screens of feedback."""
