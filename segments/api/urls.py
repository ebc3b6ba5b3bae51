"""Addresses of segments below /api/v1/."""

from django.urls import path

from segments.api import lifecycle, of_customer, views, webhooks

app_name = "segments_api"
urlpatterns = [
    path("segments", views.Segments.as_view(), name="segments"),
    path("segments/schema", views.RuleSchema.as_view(), name="schema"),
    path("segments/preview", views.PreviewRule.as_view(), name="preview"),
    path("segments/<int:segment_id>", views.OneSegment.as_view(), name="segment"),
    path("segments/<int:segment_id>/members", views.Members.as_view(), name="members"),
    path("segments/<int:segment_id>/versions", views.Versions.as_view(), name="versions"),
    path("segments/<int:segment_id>/changes", views.Changes.as_view(), name="changes"),
    path("segments/<int:segment_id>/explain", views.Explain.as_view(), name="explain"),
    path("segments/<int:segment_id>/uses", lifecycle.UsesOfSegment.as_view(), name="uses"),
    path("segments/<int:segment_id>/retire", lifecycle.Retire.as_view(), name="retire"),
    path("segments/<int:segment_id>/restore", lifecycle.Restore.as_view(), name="restore"),
    path(
        "customers/<int:customer_id>/segments",
        of_customer.SegmentsOfCustomer.as_view(),
        name="customer_segments",
    ),
    path("webhooks", webhooks.Webhooks.as_view(), name="webhooks"),
    path("webhooks/<int:endpoint_id>", webhooks.OneWebhook.as_view(), name="webhook"),
    path("webhooks/<int:endpoint_id>/secret", webhooks.WebhookSecret.as_view(), name="webhook_secret"),
    path("webhooks/<int:endpoint_id>/ping", webhooks.PingWebhook.as_view(), name="webhook_ping"),
    path("webhooks/<int:endpoint_id>/deliveries", webhooks.Deliveries.as_view(), name="webhook_deliveries"),
    path(
        "webhooks/<int:endpoint_id>/deliveries/<int:delivery_id>/replay",
        webhooks.ReplayDelivery.as_view(),
        name="webhook_replay",
    ),
]
