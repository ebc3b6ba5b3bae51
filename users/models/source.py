"""Source codes with their owners, the touches at their links, and every customer's first touch."""

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from users.models.acquisition import AcquisitionChannel
from users.models.customer import Customer


class OwnerKind(models.TextChoices):
    """Who a source code belongs to."""

    EMPLOYEE = "employee", _("Employee")
    STORE = "store", _("Store")
    DIANPING = "dianping", _("Dianping account")
    XIAOHONGSHU = "xiaohongshu", _("Xiaohongshu account")
    ZHIHU = "zhihu", _("Zhihu account")
    DOUYIN = "douyin", _("Douyin account")
    KUAISHOU = "kuaishou", _("Kuaishou account")
    CHANNELS = "channels", _("WeChat Channels account")
    LIVE = "live", _("Live stream")
    ARTICLE = "article", _("Article")
    GROUP = "group", _("Chat group")


class SourceCode(models.Model):
    """A code that a link or QR picture carries: its channel, its owner, where it leads.

    ``code`` is lower case. ``target`` is stored and checked; nothing that a visitor sends changes its host.
    """

    code = models.CharField(_("code"), max_length=60, unique=True)
    name = models.CharField(_("name"), max_length=100)
    channel = models.ForeignKey(
        AcquisitionChannel, verbose_name=_("channel"), on_delete=models.PROTECT, related_name="sources"
    )
    platform = models.CharField(_("platform"), max_length=30, blank=True)
    owner_kind = models.CharField(_("kind of owner"), max_length=12, choices=OwnerKind.choices)
    owner = models.CharField(_("owner"), max_length=100)
    target = models.CharField(_("leads to"), max_length=500)
    utm_source = models.CharField(_("UTM source"), max_length=100, blank=True)
    utm_medium = models.CharField(_("UTM medium"), max_length=100, blank=True)
    utm_campaign = models.CharField(_("UTM campaign"), max_length=100, blank=True)
    utm_term = models.CharField(_("UTM term"), max_length=100, blank=True)
    utm_content = models.CharField(_("UTM content"), max_length=100, blank=True)
    is_invented = models.BooleanField(_("invented for the demo"), default=False)
    created_at = models.DateTimeField(_("created"))
    closed_at = models.DateTimeField(_("closed"), null=True, blank=True)

    class Meta:
        verbose_name = _("source code")
        verbose_name_plural = _("source codes")
        indexes = [models.Index(fields=["owner_kind", "owner"], name="source_owner")]

    def __str__(self) -> str:
        return self.code


class SourceTouch(models.Model):
    """Somebody followed a source code's link. ``visitor`` is an anonymous id kept in a cookie of ours."""

    source = models.ForeignKey(SourceCode, on_delete=models.CASCADE, related_name="touches", db_index=False)
    visitor = models.UUIDField()
    at = models.DateTimeField()
    referrer_host = models.CharField(max_length=255, blank=True)
    utm = models.JSONField(default=dict)
    by_bot = models.BooleanField(default=False)

    class Meta:
        indexes = [
            # The reach of a code in a period: one slice, answered from the index alone.
            models.Index(fields=["source", "at"], include=["visitor", "by_bot"], name="source_touch_time"),
        ]

    def __str__(self) -> str:
        return f"{self.source_id} {self.at}"


class FirstTouch(models.Model):
    """What a customer's first touch said, for ever; an earlier one that arrives late takes its place.

    ``code`` and ``told_channel`` as told; ``source`` and ``channel`` what they mean: the channel of the code,
    else the one told, else what the clues say of UTM and referrer. ``Customer.channel`` and ``source_code``
    repeat it for lists and rules.
    """

    customer = models.OneToOneField(
        Customer,
        primary_key=True,
        on_delete=models.DO_NOTHING,
        related_name="first_touch",
        db_constraint=False,
    )
    at = models.DateTimeField()
    code = models.CharField(max_length=100, blank=True)
    told_channel = models.CharField(max_length=50, blank=True)
    utm_source = models.CharField(max_length=100, blank=True)
    utm_medium = models.CharField(max_length=100, blank=True)
    utm_campaign = models.CharField(max_length=100, blank=True)
    utm_term = models.CharField(max_length=100, blank=True)
    utm_content = models.CharField(max_length=100, blank=True)
    referrer_host = models.CharField(max_length=255, blank=True)
    source = models.ForeignKey(
        SourceCode, null=True, on_delete=models.PROTECT, related_name="first_touches", db_index=False
    )
    channel = models.ForeignKey(
        AcquisitionChannel, null=True, on_delete=models.PROTECT, related_name="+", db_index=False
    )

    class Meta:
        indexes = [
            models.Index(
                fields=["source", "at"],
                include=["customer"],
                name="first_touch_source",
                condition=Q(source__isnull=False),
            ),
            # What could not be placed is looked through again when a code or clue is added.
            models.Index(fields=["code"], name="first_touch_unplaced", condition=Q(channel__isnull=True)),
        ]

    def __str__(self) -> str:
        return f"{self.customer_id} {self.at}"
