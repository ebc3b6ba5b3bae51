"""A Celery worker whose own clock is HOURS_AHEAD hours wrong; the database's clock is right."""

import os
import sys
from datetime import UTC, datetime, timedelta

import time_machine
from celery.__main__ import main

if __name__ == "__main__":
    wrong = datetime.now(UTC) + timedelta(hours=float(os.environ["HOURS_AHEAD"]))
    time_machine.travel(wrong, tick=True).start()
    sys.exit(main())
