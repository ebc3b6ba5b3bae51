"""What segments lend to the exports: the memberships of customers over time."""

from django.utils.translation import gettext_lazy as _

from users.services.exports.kinds import WHO, ExportColumn, ExportKind, export_kinds

_SOURCE = (
    "FROM segments_membershipchange change JOIN users_customer customer ON customer.id = change.customer_id"
    " JOIN segments_segment segment ON segment.id = change.segment_id"
    " WHERE customer.id = ANY(%(ids)s) AND customer.erased_at IS NULL ORDER BY customer.id, change.at, change.run_id"
)

export_kinds.register(
    "memberships",
    ExportKind(
        "memberships",
        _("Segments over time"),
        _("Every coming to and going from a segment."),
        (
            *WHO,
            ExportColumn("segment", _("Segment"), "segment.name"),
            ExportColumn("what", _("What"), "CASE WHEN change.entered THEN 'entered' ELSE 'left' END"),
            ExportColumn("at", _("When"), "change.at"),
            ExportColumn("cause", _("Because"), "change.cause"),
        ),
        _SOURCE,
    ),
)
