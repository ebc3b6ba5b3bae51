"""On which day a festival falls: by the solar calendar, by the Chinese lunar one, or by a weekday of a month.

The lunar table is that of the Hong Kong Observatory's conversion tables as the sky gives it: new moons and solar terms
at 120° E. ``tests/segments/test_festivals.py`` derives it again from the positions of sun and moon.
"""
