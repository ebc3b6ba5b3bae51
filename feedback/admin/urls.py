"""Addresses of feedback's screens below /admin/feedback/."""

from django.urls import path

from feedback.admin.conversation import ConversationPage
from feedback.admin.inbox import Inbox

app_name = "feedback"
urlpatterns = [
    path("", Inbox.as_view(), name="inbox"),
    path("<uuid:key>/", ConversationPage.as_view(), name="conversation"),
]
