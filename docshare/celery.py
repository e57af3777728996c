"""The Celery application. Tasks are only nudges: the work to do is in the database."""

import logging
import os
from typing import Any

from celery import Celery
from celery.signals import (
    after_task_publish,
    beat_init,
    heartbeat_sent,
    worker_init,
    worker_shutdown,
    worker_shutting_down,
)

from docshare import worker_health
from jobs.exclusive import leave

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "docshare.settings")
logger = logging.getLogger(__name__)

app = Celery("docshare")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()


@worker_init.connect
def _prepare_and_compare_keys(**_more: object) -> None:
    from django.db import connection

    from docshare.embedded import prepare
    from docshare.wrong_keys import compare_at_start

    prepare()

    compare_at_start()
    connection.close()  # this thread's connection; it runs no task


# Threads cannot be killed: time limits of tasks have no effect, and SIGTERM would wait for a whole batch.
worker_shutting_down.connect(leave)

# Signals hold weak references to their receivers, so these must be module-level functions.
heartbeat_sent.connect(worker_health.give)
worker_shutdown.connect(worker_health.take_back)


@beat_init.connect
def record_scheduler_heartbeat(**_kwargs: Any) -> None:
    """Runs only in the scheduler's process, so that a silent worker and a silent scheduler are told apart."""
    from docshare.embedded import prepare

    prepare()
    after_task_publish.connect(scheduler_works, sender="jobs.tasks.heartbeat", weak=False)


def scheduler_works(**_kwargs: Any) -> None:
    """Record that the queue accepted a task of the scheduler."""
    from django.db import Error, close_old_connections

    from jobs import heartbeat

    close_old_connections()
    try:
        heartbeat.mark(heartbeat.SCHEDULER)
    except Error as error:  # the scheduler must continue; the missing heartbeat reports it
        logger.warning("The scheduler could not say that it works (%s).", type(error).__name__)
