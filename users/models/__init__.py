"""The tables of users: who they are, what they did, where they stand."""

from users.models.acquisition import AcquisitionChannel, ChannelClue, ChannelCost, ClueKind
from users.models.api_key import ApiKey, IdempotencyRecord, Scope, Storefront
from users.models.attribute import AttributeDefinition, AttributeKind, ChangedProfile
from users.models.audit import AuditEntry
from users.models.consent import Consent, ConsentRequest, Topic
from users.models.customer import (
    USABLE_CONTACT_STATES,
    Channel,
    ContactPoint,
    ContactState,
    Customer,
    CustomerAlias,
    Gender,
    Identity,
    IdentityKind,
    Stage,
    Standing,
    usable_contact,
)
from users.models.erasure import DataExport, ErasedIdentity, Erasure
from users.models.event import CustomerDay, Event, EventType, Outbox, Touched
from users.models.figures import DayFigures, StageFigures
from users.models.goods import Category, CategoryName, ExchangeRate, OwnedProduct
from users.models.intake import DeadLetter, IntakeBody
from users.models.job import JobRun, LongJob
from users.models.keys import of_customer
from users.models.lifecycle import LifecycleRule, MoveCause, StageMove
from users.models.list_choice import ListColumns
from users.models.operator import Operator, Role
from users.models.order import Order, OrderClaim, OrderKey, OrderLine, Product, Refund
from users.models.reach import Reach, ReachFigure
from users.models.report import ReportResult
from users.models.rollups import ActiveFigures, StageFlow
from users.models.shop import Clock, ShopSetting
from users.models.shop_connection import ShopConnection, ShopDelivery, ShopKind
from users.models.source import FirstTouch, OwnerKind, SourceCode, SourceTouch
from users.models.tag import CustomerTag, Tag, TagRun, TagRunMember
from users.models.transfer import Export, Fate, Import, ImportRow
from users.models.value import CustomerValue, CutPoint, Fan, ModelFit, OrderBand, ValueDay

__all__ = [
    "USABLE_CONTACT_STATES",
    "AcquisitionChannel",
    "ActiveFigures",
    "ApiKey",
    "AttributeDefinition",
    "AttributeKind",
    "AuditEntry",
    "Category",
    "CategoryName",
    "ChangedProfile",
    "Channel",
    "ChannelClue",
    "ChannelCost",
    "Clock",
    "ClueKind",
    "Consent",
    "ConsentRequest",
    "ContactPoint",
    "ContactState",
    "Customer",
    "CustomerAlias",
    "CustomerDay",
    "CustomerTag",
    "CustomerValue",
    "CutPoint",
    "DataExport",
    "DayFigures",
    "DeadLetter",
    "ErasedIdentity",
    "Erasure",
    "Event",
    "EventType",
    "ExchangeRate",
    "Export",
    "Fan",
    "Fate",
    "FirstTouch",
    "Gender",
    "IdempotencyRecord",
    "Identity",
    "IdentityKind",
    "Import",
    "ImportRow",
    "IntakeBody",
    "JobRun",
    "LifecycleRule",
    "ListColumns",
    "LongJob",
    "ModelFit",
    "MoveCause",
    "Operator",
    "Order",
    "OrderBand",
    "OrderClaim",
    "OrderKey",
    "OrderLine",
    "Outbox",
    "OwnedProduct",
    "OwnerKind",
    "Product",
    "Reach",
    "ReachFigure",
    "Refund",
    "ReportResult",
    "Role",
    "Scope",
    "ShopConnection",
    "ShopDelivery",
    "ShopKind",
    "ShopSetting",
    "SourceCode",
    "SourceTouch",
    "Stage",
    "StageFigures",
    "StageFlow",
    "StageMove",
    "Standing",
    "Storefront",
    "Tag",
    "TagRun",
    "TagRunMember",
    "Topic",
    "Touched",
    "ValueDay",
    "of_customer",
    "usable_contact",
]
