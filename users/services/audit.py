"""Writing the audit trail."""

from typing import Any

from django.db.models import Model

from config.kit import clock
from users.models import AuditEntry, Operator


def record(
    act: str,
    *,
    by: Operator | None,
    target: Model | None = None,
    actor: str = "",
    before: dict[str, Any] | None = None,
    after: dict[str, Any] | None = None,
) -> AuditEntry:
    """Write one audit row in the caller's transaction.

    ``act`` is "app.verb" (``segment.create``). Without an operator, ``actor`` says which key or job acted.
    ``before`` and ``after`` hold JSON values and no personal data beyond what the act was about.
    """
    return AuditEntry.objects.create(
        at=clock.now(),
        operator=by,
        actor=str(by) if by else actor or "system",
        act=act,
        target_kind=target._meta.label_lower if target else "",
        target_id=str(target.pk) if target else "",
        target_name=str(target)[:200] if target else "",
        before=before,
        after=after,
    )
