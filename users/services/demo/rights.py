"""What people of the demo shop asked for: one a copy of everything held, one an erasure. Both through the services."""

from datetime import datetime

from users.demo import Progress
from users.models import Customer, DataExport, Erasure, LongJob, Operator
from users.services import bundles, erase, long_jobs
from users.services.demo.files import PEOPLE, work_until

LEAVER = f"old-{PEOPLE:03d}"
"""Bought at the shop before this one, and asked to be forgotten."""


def load_rights(now: datetime, progress: Progress) -> None:
    """One erasure and one copy; what is there already is left as it is."""
    by = Operator.objects.filter(username="owner").first()
    leaver = Customer.objects.living().filter(user_id=LEAVER).first()
    if leaver is not None and not Erasure.objects.exists():
        erase.ask_to_erase(leaver, typed=str(leaver), by=by)
    asks = (
        Customer.objects.living()
        .filter(user_id__startswith="cd-")
        .order_by("-standing__revenue", "pk")
        .first()
    )
    if asks is not None and not DataExport.objects.exists():
        bundles.ask(asks.pk, by=by, now=now)
    progress(1, 2)
    kinds = (erase.ERASE, bundles.EXPORT)
    work_until(lambda: not LongJob.objects.filter(kind__in=kinds, state__in=long_jobs.OPEN).exists())
