"""Shared tools without tables: what every app may lean on."""
