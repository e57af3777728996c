"""The Celery application. Tasks are nudges: the database holds what is to be done."""

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

from docshare import signs_of_life
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
    connection.close()  # of this thread, which takes no task


# Threads cannot be ended: a task's time limits do nothing with them, and SIGTERM would wait for a whole batch.
worker_shutting_down.connect(leave)

# Signals hold their receivers weakly: functions of modules stay.
heartbeat_sent.connect(signs_of_life.give)
worker_shutdown.connect(signs_of_life.take_back)


@beat_init.connect
def note_what_the_scheduler_gives(**_kwargs: Any) -> None:
    """In the scheduler's process alone: a silent worker and a silent scheduler are different illnesses."""
    from docshare.embedded import prepare

    prepare()
    after_task_publish.connect(scheduler_works, sender="jobs.tasks.heartbeat", weak=False)


def scheduler_works(**_kwargs: Any) -> None:
    """The queue took a task of the scheduler."""
    from django.db import Error, close_old_connections

    from jobs import heartbeat

    close_old_connections()
    try:
        heartbeat.mark(heartbeat.SCHEDULER)
    except Error as error:  # it must go on giving tasks; its silence shows
        logger.warning("The scheduler could not say that it works (%s).", type(error).__name__)
