"""What kept reports hold about people (``users/privacy.py``): nothing."""

from users.models import ReportResult
from users.privacy import impersonal

impersonal(ReportResult, "rows", why="counts and sums by values of fixed lists")
