"""Addresses of the campaign pages, under /admin/campaigns/."""

from django.urls import path

from campaigns.admin.compose import CampaignCreate, CampaignEdit, LetterPreview
from campaigns.admin.lists import CampaignList, DeliveryList, RecentDeliveries
from campaigns.admin.mail import MailList, MailPage
from campaigns.admin.page import CampaignPage

app_name = "campaigns"
urlpatterns = [
    path("", CampaignList.as_view(), name="list"),
    path("customers/", RecentDeliveries.as_view(), name="recent"),
    path("new/", CampaignCreate.as_view(), name="create"),
    path("preview/", LetterPreview.as_view(), name="preview"),
    path("mail/", MailList.as_view(), name="mail"),
    path("mail/<str:mail_name>/", MailPage.as_view(), name="mail_message"),
    path("<int:campaign_id>/", CampaignPage.as_view(), name="campaign"),
    path("<int:campaign_id>/edit/", CampaignEdit.as_view(), name="edit"),
    path("<int:campaign_id>/customers/", DeliveryList.as_view(), name="deliveries"),
]
