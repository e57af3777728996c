"""gunicorn, the same in the embedded default and in production.

Threads, not asyncio: a large download costs no memory (sendfile), where ASGI servers hold it whole.
"""

import os
import shutil
import socket
import tempfile
from typing import Any

production = os.environ.get("DOCSHARE_ENV") == "production"

# The embedded default has logins everybody knows: it listens to this machine alone. One socket takes IPv4 and IPv6
# where the kernel knows both: in a network of containers the name "web" leads to either.
everywhere = "[::]" if socket.has_dualstack_ipv6() else "0.0.0.0"
bind = os.environ.get("BIND") or (everywhere if production else "127.0.0.1") + ":" + os.environ.get("PORT", "8000")
worker_class = "gthread"
workers = int(os.environ.get("WEB_CONCURRENCY", "2"))
threads = int(os.environ.get("WEB_THREADS", "16"))
timeout = 60  # of a process that shows no sign of life; requests may last longer
graceful_timeout = 10
keepalive = 5
control_socket_disable = True  # gunicorn would put one in $HOME
forwarded_allow_ips = ""  # Django alone believes a proxy, as far as TRUSTED_PROXY_COUNT says
logger_class = "docshare.logs.GunicornLogger"  # tokens in addresses are not written down
accesslog = "-" if production else None
# Method, path, status, bytes, milliseconds, request id: no address of a person's machine, no query, no referrer.
access_log_format = "%(m)s %(U)s %(s)s %(B)s %(M)s %({x-request-id}o)s"
errorlog = "-"

# What each web process counts, for whichever of them is asked for /metrics. Of this server alone, gone with it.
metrics_folder = os.environ.setdefault("PROMETHEUS_MULTIPROC_DIR", tempfile.mkdtemp(prefix="docshare-metrics-"))


def post_worker_init(worker: object) -> None:
    """Compare the keys with the database's; start what the first signature would wait for."""
    from django.db import connection

    from docshare.wrong_keys import compare_at_start
    from files import sandbox

    compare_at_start()
    connection.close()  # of this thread, which answers no request
    sandbox.warm()


def child_exit(server: object, worker: Any) -> None:
    from prometheus_client.multiprocess import mark_process_dead

    mark_process_dead(worker.pid)  # type: ignore[no-untyped-call]


def on_exit(server: object) -> None:
    shutil.rmtree(metrics_folder, ignore_errors=True)
