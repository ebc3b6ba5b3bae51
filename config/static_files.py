"""How static files are named: each by its content, and each by what it imports."""

from whitenoise.storage import CompressedManifestStaticFilesStorage


class StaticFiles(CompressedManifestStaticFilesStorage):
    """Module imports name the hashed files too, so that a browser never mixes modules of two releases."""

    support_js_module_import_aggregation = True
    # A chain of imports settles one link a pass where the file system lists it in the worst order.
    max_post_process_passes = 30
