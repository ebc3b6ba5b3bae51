"""Operators' screens of growth."""
