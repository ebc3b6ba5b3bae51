"""Tests of the operators' pages of users."""
