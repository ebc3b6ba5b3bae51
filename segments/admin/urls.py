"""Addresses of the operators' pages of segments, under /admin/segments/."""

from django.urls import path

from segments.admin import webhooks
from segments.admin.audience import NewAudience
from segments.admin.describe import Describe
from segments.admin.form import EditSegment, NewSegment
from segments.admin.from_group import KeepGroup
from segments.admin.keep_tag import KeepTag
from segments.admin.lineage import LineagePage
from segments.admin.lists import SegmentList
from segments.admin.live import PartsPart, PreviewPart
from segments.admin.named_members import ListFile, ListMembers, NewList, TakeList
from segments.admin.runs import RunPage, RunsPage
from segments.admin.segment import ExplainPage, SegmentPage
from segments.admin.suggest import Suggestions
from segments.admin.versions import VersionsPage

app_name = "segments"
urlpatterns = [
    path("", SegmentList.as_view(), name="list"),
    path("new/", NewSegment.as_view(), name="create"),
    path("lists/new/", NewList.as_view(), name="list_create"),
    path("lineage/", LineagePage.as_view(), name="lineage"),
    path("webhooks/", webhooks.WebhookList.as_view(), name="webhooks"),
    path("webhooks/new/", webhooks.NewWebhook.as_view(), name="webhook_create"),
    path("webhooks/<int:endpoint_id>/", webhooks.WebhookPage.as_view(), name="webhook"),
    path("webhooks/<int:endpoint_id>/edit/", webhooks.EditWebhook.as_view(), name="webhook_edit"),
    path("webhooks/<int:endpoint_id>/secret/", webhooks.RenewWebhookSecret.as_view(), name="webhook_secret"),
    path("keep/", KeepGroup.as_view(), name="keep"),
    path("preview/", PreviewPart.as_view(), name="preview"),
    path("preview/parts/", PartsPart.as_view(), name="preview_parts"),
    path("suggest/", Suggestions.as_view(), name="suggest"),
    path("runs/", RunsPage.as_view(), name="runs"),
    path("runs/<int:run_id>/", RunPage.as_view(), name="run"),
    path("<int:segment_id>/", SegmentPage.as_view(), name="segment"),
    path("<int:segment_id>/members/", ListMembers.as_view(), name="list_members"),
    path("<int:segment_id>/file/", ListFile.as_view(), name="list_file"),
    path("<int:segment_id>/audience/", NewAudience.as_view(), name="audience"),
    path("<int:segment_id>/describe/", Describe.as_view(), name="describe"),
    path("<int:segment_id>/take/", TakeList.as_view(), name="take"),
    path("<int:segment_id>/tag/", KeepTag.as_view(), name="keep_tag"),
    path("<int:segment_id>/edit/", EditSegment.as_view(), name="edit"),
    path("<int:segment_id>/versions/", VersionsPage.as_view(), name="versions"),
    path("<int:segment_id>/why/<int:customer_id>/", ExplainPage.as_view(), name="explain"),
]
