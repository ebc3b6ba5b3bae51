"""The tables of campaigns: the right word at the right time."""

from campaigns.models.campaign import Campaign, CampaignKind, CampaignState, Content, Link, Step
from campaigns.models.delivery import (
    COUNTED_STATES,
    Attempt,
    Attention,
    Batch,
    CampaignRun,
    ChannelHealth,
    Delivery,
    DeliveryState,
    SkipReason,
)
from campaigns.models.outcome import Assignment, Conversion, OrderCredit, Receipt, ReceiptKind

__all__ = [
    "COUNTED_STATES",
    "Assignment",
    "Attempt",
    "Attention",
    "Batch",
    "Campaign",
    "CampaignKind",
    "CampaignRun",
    "CampaignState",
    "ChannelHealth",
    "Content",
    "Conversion",
    "Delivery",
    "DeliveryState",
    "Link",
    "OrderCredit",
    "Receipt",
    "ReceiptKind",
    "SkipReason",
    "Step",
]
