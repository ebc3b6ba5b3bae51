"""Addresses of the operators' pages of users, under /admin/."""

from django.urls import path, re_path

from users.admin.acquisition_channels import ChangeChannel, ChannelList, CluesPage, NewChannel
from users.admin.activity import ActivityPage
from users.admin.api_keys import ApiKeyList, NewKey
from users.admin.attributes import AttributeList, AttributePage
from users.admin.audit import AuditList
from users.admin.behind import ActiveList, MoveList
from users.admin.channels import ChannelsReport
from users.admin.connections import ConnectionList, ConnectionPage, NewConnection, RenewConnectionSecret
from users.admin.core_customers import CorePage
from users.admin.costs import CostsPage
from users.admin.customer import CustomerPage
from users.admin.customer_acts import EditProfile, RecordConsent
from users.admin.customers import CustomerColumns, CustomerList
from users.admin.dead_letters import DeadLetterList, DeadLetterPage
from users.admin.erased import ErasedPage
from users.admin.exports import ExportFile, NewExport
from users.admin.features import FeaturesPage
from users.admin.flows import FlowsPage
from users.admin.funnel import FunnelPage
from users.admin.home import HomePage
from users.admin.imports import ColumnsPage, ImportPage, NewImport
from users.admin.jobs import JobsPage
from users.admin.join import JoinPage
from users.admin.keeping import KeepingPage
from users.admin.ladder import LadderPage
from users.admin.leaders import LeadersPage
from users.admin.lifecycle import LifecyclePage
from users.admin.ltv import ValuePage
from users.admin.model import ModelPage
from users.admin.operators import ChangeOperator, NewOperator, OperatorList
from users.admin.orders import OrderPage, OrdersPage
from users.admin.owned import RegisterWarranty
from users.admin.picked import PickedCustomers
from users.admin.portrait import PortraitPage
from users.admin.privacy import PrivacyPage
from users.admin.product import ProductPage
from users.admin.products import CategoriesPage, CategoryPage, ProductsPage
from users.admin.rates import RatesPage
from users.admin.reach import ReachPage
from users.admin.reports import ReportsPage
from users.admin.repurchase import RepurchasePage
from users.admin.retained import RetainedPage
from users.admin.retention import RetentionPage
from users.admin.rfm import RfmPage
from users.admin.search import SearchPage
from users.admin.settings import SettingsPage, ShopPage
from users.admin.source import ChangeSource, NewSource, QrPicture, SourcePage
from users.admin.sources import SourcesReport
from users.admin.storefronts import NewStorefront, RenewSecret, StorefrontList
from users.admin.tags import TagGroup, TagList, TagPage, UntagGroup
from users.admin.transfers import TransferList

app_name = "users"
urlpatterns = [
    path("", HomePage.as_view(), name="home"),
    path("customers/", CustomerList.as_view(), name="customers"),
    path("customers/columns/", CustomerColumns.as_view(), name="customer_columns"),
    path("customers/picked/", PickedCustomers.as_view(), name="customers_picked"),
    path("customers/<int:customer_id>/", CustomerPage.as_view(), name="customer"),
    path("customers/<int:customer_id>/edit/", EditProfile.as_view(), name="customer_edit"),
    path("customers/<int:customer_id>/consent/", RecordConsent.as_view(), name="customer_consent"),
    path("customers/<int:customer_id>/join/", JoinPage.as_view(), name="join"),
    path("customers/<int:customer_id>/privacy/", PrivacyPage.as_view(), name="privacy"),
    path("customers/moves/", MoveList.as_view(), name="moves"),
    path("orders/", OrdersPage.as_view(), name="orders"),
    path("orders/rates/", RatesPage.as_view(), name="rates"),
    path(
        "customers/<int:customer_id>/orders/<slug:source>/<path:number>/", OrderPage.as_view(), name="order"
    ),
    path("customers/<int:customer_id>/warranty/", RegisterWarranty.as_view(), name="warranty"),
    path("products/", ProductsPage.as_view(), name="products"),
    path("products/<int:pk>/", ProductPage.as_view(), name="product"),
    path("products/categories/", CategoriesPage.as_view(), name="categories"),
    path("products/categories/<int:pk>/", CategoryPage.as_view(), name="category"),
    path("customers/active/", ActiveList.as_view(), name="active"),
    path("tags/", TagList.as_view(), name="tags"),
    path("tags/group/", TagGroup.as_view(), name="tag_group"),
    path("tags/group/off/", UntagGroup.as_view(), name="untag_group"),
    path("tags/<int:tag_id>/", TagPage.as_view(), name="tag"),
    path("files/", TransferList.as_view(), name="imports"),
    path("files/imports/new/", NewImport.as_view(), name="import_create"),
    path("files/imports/<int:import_id>/columns/", ColumnsPage.as_view(), name="import_columns"),
    path("files/imports/<int:import_id>/", ImportPage.as_view(), name="import"),
    path("files/exports/new/", NewExport.as_view(), name="export_create"),
    path("files/exports/<int:export_id>/", ExportFile.as_view(), name="export_file"),
    path("settings/", SettingsPage.as_view(), name="settings"),
    path("settings/shop/", ShopPage.as_view(), name="shop"),
    path("settings/stages/", LifecyclePage.as_view(), name="lifecycle"),
    path("settings/privacy/", KeepingPage.as_view(), name="keeping"),
    path("settings/privacy/<int:customer_id>/", ErasedPage.as_view(), name="erased"),
    path("settings/operators/", OperatorList.as_view(), name="operators"),
    path("settings/operators/new/", NewOperator.as_view(), name="operator_create"),
    path("settings/operators/<int:operator_id>/", ChangeOperator.as_view(), name="operator"),
    path("settings/audit/", AuditList.as_view(), name="audit"),
    path("settings/keys/", ApiKeyList.as_view(), name="api_keys"),
    path("settings/keys/new/", NewKey.as_view(), name="api_key_create"),
    path("settings/storefronts/", StorefrontList.as_view(), name="storefronts"),
    path("settings/storefronts/new/", NewStorefront.as_view(), name="storefront_create"),
    path("settings/storefronts/<int:storefront_id>/", RenewSecret.as_view(), name="storefront_secret"),
    path("settings/connections/", ConnectionList.as_view(), name="connections"),
    path("settings/connections/new/", NewConnection.as_view(), name="connection_create"),
    path("settings/connections/<int:connection_id>/", ConnectionPage.as_view(), name="connection"),
    path(
        "settings/connections/<int:connection_id>/secret/",
        RenewConnectionSecret.as_view(),
        name="connection_secret",
    ),
    path("system/jobs/", JobsPage.as_view(), name="jobs"),
    path("system/dead-letters/", DeadLetterList.as_view(), name="dead_letters"),
    path("system/dead-letters/<int:letter_id>/", DeadLetterPage.as_view(), name="dead_letter"),
    path("reports/ladder/", LadderPage.as_view(), name="ladder"),
    path("settings/channels/", ChannelList.as_view(), name="acquisition_channels"),
    path("settings/channels/new/", NewChannel.as_view(), name="acquisition_channel_create"),
    path("settings/channels/clues/", CluesPage.as_view(), name="channel_clues"),
    path("settings/channels/<int:channel_id>/", ChangeChannel.as_view(), name="acquisition_channel"),
    path("reports/channels/", ChannelsReport.as_view(), name="channels"),
    path("reports/costs/", CostsPage.as_view(), name="costs"),
    path("reports/sources/", SourcesReport.as_view(), name="sources"),
    path("reports/sources/new/", NewSource.as_view(), name="source_create"),
    path("reports/sources/<int:source_id>/", SourcePage.as_view(), name="source"),
    path("reports/sources/<int:source_id>/change/", ChangeSource.as_view(), name="source_change"),
    re_path(
        r"^reports/sources/(?P<source_id>[0-9]{1,18})/qr\.(?P<kind>svg|png)$",
        QrPicture.as_view(),
        name="source_qr",
    ),
    path("reports/", ReportsPage.as_view(), name="reports"),
    path("reports/reach/", ReachPage.as_view(), name="reach"),
    path("reports/attributes/", AttributeList.as_view(), name="attributes"),
    path("reports/attributes/<int:attribute_id>/", AttributePage.as_view(), name="attribute"),
    path("reports/rfm/", RfmPage.as_view(), name="rfm"),
    path("reports/core/", CorePage.as_view(), name="core"),
    path("reports/repurchase/", RepurchasePage.as_view(), name="repurchase"),
    path("reports/predictions/", ModelPage.as_view(), name="model"),
    path("reports/leaders/", LeadersPage.as_view(), name="leaders"),
    path("reports/retention/", RetentionPage.as_view(), name="retention"),
    path("reports/portrait/", PortraitPage.as_view(), name="portrait"),
    path("reports/funnel/", FunnelPage.as_view(), name="funnel"),
    path("reports/retained/", RetainedPage.as_view(), name="retained"),
    path("reports/value/", ValuePage.as_view(), name="ltv"),
    path("reports/activity/", ActivityPage.as_view(), name="activity"),
    path("reports/features/", FeaturesPage.as_view(), name="features"),
    path("reports/stages/", FlowsPage.as_view(), name="flows"),
    path("search/", SearchPage.as_view(), name="search"),
]
