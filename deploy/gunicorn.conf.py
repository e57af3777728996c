"""Configuration of gunicorn, the same in the embedded default and in production.

Threads, not asyncio: a large download costs no memory (sendfile), while ASGI servers load it into memory.
"""

import os
import shutil
import socket
import tempfile
from typing import Any

production = os.environ.get("DOCSHARE_ENV") == "production"

# The embedded default has publicly known logins, so it listens on this machine only. One socket accepts IPv4 and IPv6
# if the kernel supports both, because in a network of containers the name "web" may resolve to either.
everywhere = "[::]" if socket.has_dualstack_ipv6() else "0.0.0.0"
bind = os.environ.get("BIND") or (everywhere if production else "127.0.0.1") + ":" + os.environ.get("PORT", "8000")
worker_class = "gthread"
workers = int(os.environ.get("WEB_CONCURRENCY", "2"))
threads = int(os.environ.get("WEB_THREADS", "16"))
timeout = 60  # seconds for an unresponsive process; requests may last longer
graceful_timeout = 10
keepalive = 5
control_socket_disable = True  # gunicorn would create one in $HOME
forwarded_allow_ips = ""  # only Django trusts proxies, according to TRUSTED_PROXY_COUNT
logger_class = "docshare.logs.GunicornLogger"  # removes tokens in addresses
accesslog = "-" if production else None
# Method, path, status, bytes, milliseconds, request id: no IP address, no query, no referrer.
access_log_format = "%(m)s %(U)s %(s)s %(B)s %(M)s %({x-request-id}o)s"
errorlog = "-"

# Counters of all web processes, for the process that answers /metrics. For this server only, and removed with it.
metrics_folder = os.environ.setdefault("PROMETHEUS_MULTIPROC_DIR", tempfile.mkdtemp(prefix="docshare-metrics-"))


def post_worker_init(worker: object) -> None:
    """Compare the keys with the database's, and start the fork server before the first signature needs it."""
    from django.db import connection

    from docshare.wrong_keys import compare_at_start
    from files import sandbox

    compare_at_start()
    connection.close()  # this thread's connection; it answers no request
    sandbox.warm()


def child_exit(server: object, worker: Any) -> None:
    from prometheus_client.multiprocess import mark_process_dead

    mark_process_dead(worker.pid)


def on_exit(server: object) -> None:
    shutil.rmtree(metrics_folder, ignore_errors=True)
