"""The Celery application. Messages carry ids, mean "go and look", and may be lost or doubled without harm."""

import os
import time
import warnings
from typing import Any

from celery import Celery
from celery.beat import Scheduler
from celery.signals import heartbeat_sent
from kombu import Queue

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

from config import broker
from config.schedule import QUEUES

# Root is no danger here: the queue carries JSON ids, never code (regulars.E004).
warnings.filterwarnings("ignore", message=".*superuser privileges")

broker.use()
app = Celery("regulars")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.conf.task_queues = [Queue(name) for name in QUEUES]
app.autodiscover_tasks()
app.autodiscover_tasks(["config"], related_name="heartbeat")


class BeatScheduler(Scheduler):
    """A schedule kept in memory (it is code), which tells Redis that it is alive."""

    _told = 0.0

    def setup_schedule(self) -> None:
        """Send only what some app can do; a gate test demands that this leaves nothing out."""
        super().setup_schedule()
        self.app.loader.import_default_modules()
        unknown = [name for name, entry in self.schedule.items() if entry.task not in self.app.tasks]
        for name in unknown:
            del self.schedule[name]

    def tick(self, *args: Any, **kwargs: Any) -> float:
        """Send what is due and leave a sign of life at most once in five seconds."""
        from config.heartbeat import sign

        if time.monotonic() - self._told > 5:
            self._told = time.monotonic()
            sign("beat")
        wait: float = super().tick(*args, **kwargs)
        return min(wait, 5.0)


@heartbeat_sent.connect(weak=False)
def worker_is_alive(**kwargs: Any) -> None:
    """Leave the worker's sign of life (Celery calls this about every two seconds)."""
    from config.heartbeat import sign

    sign("worker")
