"""The figures of the day: computed once a day for everybody, in steps of one transaction each."""

from users.services.value.day import compute, start_if_due

__all__ = ["compute", "start_if_due"]
