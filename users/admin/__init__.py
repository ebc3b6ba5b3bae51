"""The screens of users, one file each; the generic lists register themselves here."""

from users.admin import lists  # noqa: F401
