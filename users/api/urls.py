"""Addresses of users below /api/v1/."""

from django.urls import path

from users.api import (
    customer_acts,
    customer_parts,
    customers,
    events,
    exports,
    imports,
    jobs,
    orders,
    privacy,
    products,
    views,
)

app_name = "users_api"
ONE = "customers/<int:customer_id>"
IMPORT = "jobs/imports/<int:import_id>"
ORDER = "orders/<str:source>/<path:number>"

urlpatterns = [
    path("me/export", privacy.MyCopy.as_view(), name="my_copy"),
    path("me/export/file", privacy.MyCopyFile.as_view(), name="my_copy_file"),
    path("me/products", products.MyProducts.as_view(), name="my_products"),
    path("me/erase", privacy.EraseMe.as_view(), name="erase_me"),
    path("me/preferences", views.MyPreferences.as_view(), name="preferences"),
    path("me/profile", views.MyProfile.as_view(), name="profile"),
    path("me/devices", views.MyDevices.as_view(), name="devices"),
    path("customers", customers.Customers.as_view(), name="customers"),
    path(ONE, customers.OneCustomer.as_view(), name="customer"),
    path(f"{ONE}/contacts", customer_parts.Contacts.as_view(), name="customer_contacts"),
    path(f"{ONE}/consents", customer_parts.Consents.as_view(), name="customer_consents"),
    path(f"{ONE}/tags", customer_parts.Tags.as_view(), name="customer_tags"),
    path(f"{ONE}/tags/<int:tag_id>", customer_parts.OneTag.as_view(), name="customer_tag"),
    path(f"{ONE}/standing", customer_parts.Standing.as_view(), name="customer_standing"),
    path(f"{ONE}/join", customer_acts.Join.as_view(), name="customer_join"),
    path(f"{ONE}/export", customer_acts.Copy.as_view(), name="customer_copy"),
    path(f"{ONE}/export/file", customer_acts.CopyFile.as_view(), name="customer_copy_file"),
    path(f"{ONE}/erase", customer_acts.EraseCustomer.as_view(), name="customer_erase"),
    path("orders", orders.Orders.as_view(), name="orders"),
    # An order's number may hold slashes; what is done with an order comes first.
    path(f"{ORDER}/refunds", orders.Refunds.as_view(), name="order_refunds"),
    path(f"{ORDER}/cancel", orders.Cancel.as_view(), name="order_cancel"),
    path(ORDER, orders.OneOrder.as_view(), name="order"),
    path("events", events.Events.as_view(), name="events"),
    path("events/names", events.EventNames.as_view(), name="event_names"),
    path("events/dead-letters", events.Letters.as_view(), name="dead_letters"),
    path("events/dead-letters/replay", events.Replay.as_view(), name="dead_letters_replay"),
    path("events/dead-letters/<int:letter_id>", events.OneLetter.as_view(), name="dead_letter"),
    path("jobs", jobs.Jobs.as_view(), name="jobs"),
    path("jobs/<int:job_id>", jobs.OneJob.as_view(), name="job"),
    path("jobs/<int:job_id>/cancel", jobs.CancelJob.as_view(), name="job_cancel"),
    path("jobs/imports", imports.Imports.as_view(), name="imports"),
    path(IMPORT, imports.OneImport.as_view(), name="import"),
    path(f"{IMPORT}/check", imports.CheckImport.as_view(), name="import_check"),
    path(f"{IMPORT}/start", imports.StartImport.as_view(), name="import_start"),
    path(f"{IMPORT}/undo", imports.UndoImport.as_view(), name="import_undo"),
    path(f"{IMPORT}/resume", imports.ResumeImport.as_view(), name="import_resume"),
    path(f"{IMPORT}/rows", imports.Rows.as_view(), name="import_rows"),
    path("jobs/exports", exports.Exports.as_view(), name="exports"),
    path("jobs/exports/<int:export_id>", exports.OneExport.as_view(), name="export"),
    path("jobs/exports/<int:export_id>/file", exports.ExportFile.as_view(), name="export_file"),
]
