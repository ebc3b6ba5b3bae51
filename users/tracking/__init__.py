"""The tracking API's reading of what storefronts send: pure, without tables.

``body`` unpacks a request, ``items`` turns what is in it into accepted items and refused ones.
"""
