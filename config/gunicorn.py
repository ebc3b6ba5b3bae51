"""gunicorn's settings: processes for cores, threads for waiting."""

import gc
import os
from typing import Any

cores = os.cpu_count() or 1
bind = f"{os.environ.get('HOST', '127.0.0.1')}:{os.environ.get('PORT', '8000')}"
workers = int(os.environ.get("WEB_WORKERS") or min(max(2, cores), 8))
threads = int(os.environ.get("WEB_THREADS") or 8)
worker_class = "gthread"
preload_app = True
timeout = 60
graceful_timeout = 10
keepalive = 15
max_requests = 20_000
max_requests_jitter = 2_000
loglevel = "warning"
limit_request_line = 8190


def pre_fork(server: Any, worker: Any) -> None:
    """What was loaded before the fork stays: no collection of garbage has to walk through it again."""
    gc.freeze()


def child_exit(server: Any, worker: Any) -> None:
    """Tell the figures that a process is gone."""
    if os.environ.get("PROMETHEUS_MULTIPROC_DIR"):
        from prometheus_client.multiprocess import mark_process_dead

        mark_process_dead(worker.pid)  # type: ignore[no-untyped-call]
