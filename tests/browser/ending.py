"""The end of a visit in the browser."""

import threading

from playwright.sync_api import BrowserContext

SECONDS = 20


def leave(context: BrowserContext) -> None:
    """Close the browser's pages and wait until the server has answered what they asked last.

    What is still asked while the tables are emptied for the next test would meet that in a deadlock.
    """
    context.close()
    for thread in threading.enumerate():
        if thread.name.endswith("(process_request_thread)"):
            thread.join(SECONDS)
            assert not thread.is_alive(), "the server has not come to the end of an answer"
