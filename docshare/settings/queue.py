"""Queue, cache, and periodic tasks."""

from __future__ import annotations

from datetime import timedelta
from urllib.parse import quote

from docshare.embedded import valkey_socket
from docshare.settings.installation import DATA_DIR, env

VALKEY_SOCKET = valkey_socket(DATA_DIR)
REDIS_URL = env.str("REDIS_URL", "")
CACHE_URL = REDIS_URL or f"unix://{quote(str(VALKEY_SOCKET))}?db=0"
CACHES = {
    "default": {
        "BACKEND": "docshare.cache.Cache",
        "LOCATION": CACHE_URL,
        "KEY_PREFIX": "docshare",
        # Treat a hung cache like a missing one. redis-py would wait 5 s, and a request uses the cache several times.
        "OPTIONS": {"socket_timeout": 1},
    }
}

CELERY_BROKER_URL = REDIS_URL or f"redis+socket://{quote(str(VALKEY_SOCKET))}?virtual_host=0"
CELERY_BROKER_TRANSPORT_OPTIONS = {
    "visibility_timeout": 600,  # longer than the longest task
    "unacked_restore_interval": 10,
    "unacked_restore_throttle": 1,
    "socket_timeout": 10,
    "socket_connect_timeout": 2,
}
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_TASK_TIME_LIMIT = 300
CELERY_TASK_SOFT_TIME_LIMIT = 270
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_SERIALIZER = "json"
CELERY_ACCEPT_CONTENT = ["json"]
CELERY_TIMEZONE = "UTC"
# A missing broker must not delay users: the sweep finds rows without a nudge.
CELERY_TASK_PUBLISH_RETRY = False
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_BEAT_SCHEDULE_FILENAME = str(DATA_DIR / "queue" / "beat-schedule")
CELERY_BEAT_SCHEDULE = {
    "deliver-due-messages": {"task": "notifications.tasks.sweep", "schedule": timedelta(seconds=10)},
    "send-auto-sends": {"task": "documents.tasks.send_auto_sends", "schedule": timedelta(seconds=10)},
    "close-ended-acts": {"task": "documents.tasks.close_ended_acts", "schedule": timedelta(seconds=30)},
    "send-share-batches": {"task": "documents.tasks.send_share_batches", "schedule": timedelta(seconds=10)},
    "forget-old-share-drafts": {"task": "documents.tasks.forget_old_share_drafts", "schedule": timedelta(hours=1)},
    "close-old-merges": {"task": "documents.tasks.close_old_merges", "schedule": timedelta(hours=1)},
    "forget-old-drafts": {"task": "documents.tasks.forget_old_drafts", "schedule": timedelta(hours=6)},
    "remind-of-unread-documents": {"task": "documents.tasks.remind_of_unread", "schedule": timedelta(minutes=10)},
    "remind-of-requests": {"task": "documents.tasks.remind_of_requests", "schedule": timedelta(minutes=10)},
    "close-unanswered-requests": {
        "task": "documents.tasks.close_unanswered_requests",
        "schedule": timedelta(hours=6),
    },
    "make-data-exports": {"task": "personal_data.tasks.make_exports", "schedule": timedelta(seconds=30)},
    "make-practice-exports": {
        "task": "personal_data.tasks.make_practice_exports",
        "schedule": timedelta(seconds=30),
    },
    "remove-old-data-exports": {"task": "personal_data.tasks.remove_expired", "schedule": timedelta(hours=1)},
    "send-reminders": {"task": "appointments.tasks.send_reminders", "schedule": timedelta(seconds=60)},
    "offer-freed-times": {"task": "appointments.tasks.offer_freed_times", "schedule": timedelta(seconds=60)},
    "note-failed-messages": {"task": "appointments.tasks.note_failures", "schedule": timedelta(seconds=60)},
    "show-that-a-worker-works": {"task": "jobs.tasks.heartbeat", "schedule": timedelta(seconds=10)},
    "ask-whether-others-answer": {"task": "docshare.tasks.ask_others", "schedule": timedelta(seconds=60)},
    "tell-webhooks": {"task": "webhooks.tasks.tell_webhooks", "schedule": timedelta(seconds=10)},
    "seal-second-factors": {"task": "accounts.tasks.seal_second_factors", "schedule": timedelta(hours=1)},
    "forget-ended-counts": {"task": "accounts.tasks.forget_ended_counts", "schedule": timedelta(hours=1)},
    "forget-old-tellings": {"task": "webhooks.tasks.forget_old_tellings", "schedule": timedelta(hours=24)},
    "seal-audit-trail": {"task": "audit.tasks.seal", "schedule": timedelta(seconds=10)},
    "forget-ended-holds": {"task": "appointments.tasks.forget_holds", "schedule": timedelta(hours=1)},
    "forget-old-sign-ups": {"task": "patients.tasks.forget_sign_ups", "schedule": timedelta(minutes=10)},
    "fill-search-texts": {"task": "patients.tasks.fill_search_texts", "schedule": timedelta(minutes=10)},
    # Corrects rows that the previous release writes beside this version: it does not record whose contacts these are.
    "note-givers": {"task": "patients.tasks.note_givers", "schedule": timedelta(seconds=30)},
    "note-contacts-of-links": {"task": "documents.tasks.note_contacts_of_links", "schedule": timedelta(seconds=30)},
    "fill-practices": {"task": "personal_data.tasks.fill_practices", "schedule": timedelta(seconds=30)},
    "note-audit-anchor": {"task": "audit.tasks.note_anchor", "schedule": timedelta(hours=24)},
    "remove-orphan-files": {"task": "files.tasks.sweep_orphans", "schedule": timedelta(hours=24)},
    "forget-old-answers": {"task": "portals.tasks.forget_old_answers", "schedule": timedelta(hours=1)},
    "forget-ended-invitations": {"task": "practices.tasks.forget_ended_invitations", "schedule": timedelta(hours=24)},
    "renew-revocation-lists": {"task": "signing.tasks.renew_revocation_lists", "schedule": timedelta(hours=1)},
    "watch-certificates": {"task": "signing.tasks.watch_certificates", "schedule": timedelta(hours=6)},
    "run-imports": {"task": "imports.tasks.run_imports", "schedule": timedelta(seconds=10)},
    "read-calendars": {"task": "imports.tasks.read_calendars", "schedule": timedelta(seconds=30)},
    "forget-old-imports": {"task": "imports.tasks.forget_old_imports", "schedule": timedelta(hours=6)},
    "sweep-uploads": {"task": "documents.tasks.sweep_uploads", "schedule": timedelta(hours=1)},
    "sweep-kept-pages": {"task": "files.tasks.sweep_kept_pages", "schedule": timedelta(hours=1)},
    "remove-stale-uploads": {"task": "files.tasks.sweep_stale_uploads", "schedule": timedelta(hours=1)},
}
