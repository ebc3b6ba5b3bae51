"""Segments: a rule, its versions, and how fresh the membership is."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from segments.reading_order import reading_order
from segments.ready import purpose_of, title_of


class SegmentKind(models.TextChoices):
    RULE = "rule", _("By rule")
    LIST = "list", _("Fixed list")


class SegmentState(models.TextChoices):
    """``needs_rebuild``: new, edited or failed; a rebuild computes it in full before it is refreshed."""

    NEEDS_REBUILD = "needs_rebuild", _("Being computed")
    LIVE = "live", _("Kept up to date")
    FAILED = "failed", _("Failed")
    RETIRED = "retired", _("Stopped")


class SegmentQuerySet(models.QuerySet["Segment"]):
    """Segments by how their members are found."""

    def by_rule(self) -> "SegmentQuerySet":
        """Those that runs compute."""
        return self.filter(kind=SegmentKind.RULE)

    def lists(self) -> "SegmentQuerySet":
        """Those whose members are named; always exact, unless they are stopped."""
        return self.filter(kind=SegmentKind.LIST, state=SegmentState.LIVE)

    def named(self, text: str) -> "SegmentQuerySet":
        """Those whose name, as the reader sees it, has the text in it."""
        if not text:
            return self
        wanted = text.casefold()
        return self.filter(pk__in=[pk for pk, title in self.titles() if wanted in title.casefold()])

    def titles(self) -> list[tuple[int, str]]:
        """Numbers and names as the reader sees them, in the order in which the reader looks for them."""
        found = self.order_by().values_list("pk", "preset", "name")
        titles = [(pk, title_of(preset, name)) for pk, preset, name in found]
        return sorted(titles, key=lambda one: (reading_order(one[1]), one[0]))


class Segment(models.Model):
    """A named group of customers. ``computed_at`` is the business time as of which membership is exact.

    ``computed_in`` is the run that made it so: later runs of the segments it refers to are news to it.
    ``alone_version``: the version of the rule that took too long beside others (services/wave.py).
    ``alarmed_at``: since when the operators are told that it is in trouble.
    """

    name = models.CharField(_("name"), max_length=120, unique=True)
    description = models.CharField(_("what it is for"), max_length=300, blank=True)
    preset = models.CharField(max_length=40, blank=True, db_default="")
    folder = models.CharField(_("folder"), max_length=60, blank=True, db_default="")
    kind = models.CharField(_("kind"), max_length=10, choices=SegmentKind.choices, default=SegmentKind.RULE)
    rule = models.JSONField(_("rule"), null=True)
    rule_version = models.PositiveIntegerField(default=1)
    means_everyone = models.BooleanField(_("means everyone on purpose"), default=False)
    state = models.CharField(
        _("state"), max_length=15, choices=SegmentState.choices, default=SegmentState.NEEDS_REBUILD
    )
    computed_at = models.DateTimeField(_("as of"), null=True)
    computed_in = models.BigIntegerField(null=True)
    computed_version = models.PositiveIntegerField(null=True)
    alone_version = models.PositiveIntegerField(null=True)
    size = models.PositiveIntegerField(_("customers"), default=0)
    error = models.TextField(blank=True)
    alarmed_at = models.DateTimeField(null=True)
    created_at = models.DateTimeField(_("created"))
    created_by = models.ForeignKey(
        "users.Operator", null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )

    objects = SegmentQuerySet.as_manager()

    class Meta:
        verbose_name = _("segment")
        verbose_name_plural = _("segments")
        ordering = ["name"]

    def __str__(self) -> str:
        return self.title

    @property
    def title(self) -> str:
        """The name; of a segment that came with Regulars and that nobody renamed, in the reader's language."""
        return title_of(self.preset, self.name)

    @property
    def purpose(self) -> str:
        """What it is for; of a segment that came with Regulars, in the reader's language."""
        return purpose_of(self.preset, self.description)

    @property
    def is_list(self) -> bool:
        """Whether people, not a rule, say who is in it; then it is exact at every moment."""
        return self.kind == SegmentKind.LIST

    @property
    def goes_alone(self) -> bool:
        """Whether its rule, as it is now, took too long beside others."""
        return self.alone_version == self.rule_version


class SegmentVersion(models.Model):
    """Each rule a segment has had."""

    segment = models.ForeignKey(Segment, on_delete=models.CASCADE, related_name="versions")
    version = models.PositiveIntegerField()
    rule = models.JSONField(null=True)
    made_at = models.DateTimeField()
    made_by = models.ForeignKey("users.Operator", null=True, on_delete=models.SET_NULL, related_name="+")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["segment", "version"], name="segment_version_once")]

    def __str__(self) -> str:
        return f"{self.segment_id} v{self.version}"
