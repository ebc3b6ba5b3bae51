"""Files that come in and go out: imports with every row's fate, exports with their download."""

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from config.kit import told


class Fate(models.TextChoices):
    """What a row of a file does: judged in the dry run, and where something has happened since, again in writing."""

    NEW = "new", pgettext_lazy("row of a file", "New")
    CHANGES = "changes", _("Changes")
    UNCHANGED = "unchanged", _("Unchanged")
    DUPLICATE = "duplicate", _("Duplicate")
    REFUSED = "refused", _("Refused")


class Import(models.Model):
    """One file, from its upload to its result; the steps in between are long jobs (``job``: the latest).

    ``options`` holds the answers of the wizard, ``counts`` rows by fate, ``result`` what the last job said.
    Of a file that cannot be read, ``result`` says why (``problem``, ``values``). ``sheet``: which of the workbook's
    ``sheets`` was read.
    ``told_at`` is the instant at which everything in the file counts as told: that of the upload.
    """

    class State(models.TextChoices):
        RECEIVED = "received", _("Being read")
        UNREADABLE = "unreadable", _("Cannot be read")
        UPLOADED = "uploaded", _("Columns to be named")
        CHECKING = "checking", _("Being checked")
        CHECKED = "checked", _("Ready to start")
        RUNNING = "running", _("Being imported")
        DONE = "done", _("Imported")
        UNDOING = "undoing", _("Being undone")
        UNDONE = "undone", _("Undone")

    kind = models.CharField(_("kind"), max_length=20)
    file_name = models.CharField(_("file"), max_length=200)
    token = models.CharField(max_length=32, unique=True)
    encoding = models.CharField(max_length=20)
    head = models.JSONField(default=list)
    fingerprint = models.CharField(max_length=64)
    sheet = models.CharField(max_length=100, blank=True, default="", db_default="")
    sheets = models.JSONField(default=list, db_default=[])
    mapping = models.JSONField(default=dict)
    options = models.JSONField(default=dict)
    match_key = models.CharField(max_length=12, blank=True)
    rows = models.BigIntegerField(_("rows"))
    state = models.CharField(_("state"), max_length=10, choices=State.choices, default=State.UPLOADED)
    counts = models.JSONField(default=dict)
    result = models.JSONField(default=dict)
    by = models.ForeignKey("users.Operator", null=True, on_delete=models.SET_NULL, related_name="+")
    job = models.ForeignKey("users.LongJob", null=True, on_delete=models.SET_NULL, related_name="+")
    told_at = models.DateTimeField(_("uploaded"))
    finished_at = models.DateTimeField(null=True)

    class Meta:
        verbose_name = _("import")
        verbose_name_plural = _("imports")
        indexes = [models.Index(fields=["kind", "fingerprint", "-id"], name="import_remembered")]

    def __str__(self) -> str:
        return self.file_name


class ImportRow(models.Model):
    """A row of a file: its cells as they came, whom it is about, its fate, and what was before it.

    ``mark`` names what rows belong together (a customer, an order); the first of them decides. ``before``
    is what undoing needs; ``left`` says why undoing left the row as it is. ``ready``: what the dry run kept for writing
    the row's group, until it is written.

    Pages of the table are filled to three fifths, and no index but that of customers rests on what writing changes: so
    a row that is written stays on its page, and its indexes are left alone.
    """

    class State(models.TextChoices):
        WAITING = "waiting", _("Waiting")
        WRITTEN = "written", _("Written")
        UNDONE = "undone", _("Undone")
        LEFT = "left", _("Left as it is")

    pk = models.CompositePrimaryKey("file", "no")
    file = models.ForeignKey(Import, on_delete=models.CASCADE, related_name="+", db_index=False)
    no = models.IntegerField()
    mark = models.CharField(max_length=320, null=True)
    key = models.CharField(max_length=255, blank=True)
    customer = models.ForeignKey(
        "users.Customer",
        null=True,
        on_delete=models.DO_NOTHING,
        related_name="+",
        db_constraint=False,
        db_index=False,
    )
    cells = models.TextField()
    fate = models.CharField(max_length=10, choices=Fate.choices, blank=True)
    code = models.CharField(max_length=40, blank=True)
    field = models.CharField(max_length=100, blank=True)
    detail = models.JSONField(default=dict)
    state = models.CharField(max_length=8, choices=State.choices, default=State.WAITING)
    before = models.JSONField(null=True)
    left = models.CharField(max_length=40, blank=True)
    ready = models.TextField(null=True)

    class Meta:
        indexes = [
            models.Index(fields=["file", "mark", "no"], name="importrow_together"),
            models.Index(fields=["file", "fate", "no"], name="importrow_fate"),
            models.Index(fields=["file", "key", "no"], name="importrow_by_key"),
            models.Index(fields=["file", "no"], name="importrow_left_alone", condition=~Q(left="")),
            # Joining and erasing look for the rows of one customer.
            models.Index(fields=["customer"], name="importrow_customer", condition=Q(customer__isnull=False)),
        ]


class Export(models.Model):
    """A file that goes out: asked for by one operator, made by a long job, gone at ``expires_at``."""

    kind = models.CharField(_("kind"), max_length=20)
    title = models.CharField(_("what"), max_length=200)
    token = models.CharField(max_length=32, unique=True)
    form = models.CharField(max_length=4)
    options = models.JSONField(default=dict)
    rows = models.BigIntegerField(_("rows"), default=0)
    size = models.BigIntegerField(default=0)
    by = models.ForeignKey("users.Operator", null=True, on_delete=models.SET_NULL, related_name="+")
    job = models.ForeignKey("users.LongJob", null=True, on_delete=models.SET_NULL, related_name="+")
    created_at = models.DateTimeField(_("asked for"))
    ready_at = models.DateTimeField(null=True)
    expires_at = models.DateTimeField(null=True)

    class Meta:
        verbose_name = _("export")
        verbose_name_plural = _("exports")

    def __str__(self) -> str:
        return self.in_words

    @property
    def in_words(self) -> str:
        """What it holds, in the reader's language."""
        return told.to_reader(self.options.get("titles"), self.title)
