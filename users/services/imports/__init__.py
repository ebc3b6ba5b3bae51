"""Importing files: customers, orders, consents, tags, costs. ``acts`` is what pages call; ``kinds`` the registry.

A file is read into rows (``ImportRow``), judged in a dry run, and written by the same judgement.
"""

from users.services.imports import consents, costs, customers, orders, tags  # noqa: F401 - they register themselves
