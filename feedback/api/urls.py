"""Addresses of feedback below /api/v1/."""

from django.urls import path

from feedback.api import views

app_name = "feedback_api"
urlpatterns = [
    path("me/conversations", views.MyConversations.as_view(), name="my_conversations"),
    path("me/conversations/<uuid:key>", views.MyConversation.as_view(), name="my_conversation"),
    path("me/conversations/<uuid:key>/messages", views.MyMessages.as_view(), name="my_messages"),
    path("conversations", views.BringConversation.as_view(), name="conversations"),
    path("conversations/<uuid:key>", views.CustomerConversation.as_view(), name="conversation"),
    path("conversations/<uuid:key>/messages", views.CustomerMessages.as_view(), name="messages"),
]
