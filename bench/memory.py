"""Measures the peak memory of the web process while ten 50 MB PDFs are signed and shared through the API at once."""

from __future__ import annotations

import io
import os
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path

import psutil
import requests

from appointments.models import Appointment
from bench.samples import large_pdf
from docshare.demo.load import describe

AT_ONCE = 10
MIB = 1 << 20


def run() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    gunicorn = [str(Path(sys.executable).parent / "gunicorn"), "--config", "deploy/gunicorn.conf.py"]
    environment = {**os.environ, "PORT": str(port), "WEB_CONCURRENCY": "1"}
    web = subprocess.Popen([*gunicorn, "docshare.wsgi"], env=environment, stderr=subprocess.DEVNULL)
    try:
        _measure(port, web.pid)
    finally:
        web.terminate()
        web.wait(30)


def _measure(port: int, pid: int) -> None:
    base = f"http://127.0.0.1:{port}"
    for _ in range(100):
        try:
            requests.get(f"{base}/healthz", timeout=10)
            break
        except requests.ConnectionError:
            time.sleep(0.2)
    token = describe()["staff"][0]["token"]
    appointment = Appointment.objects.filter(patient__last_name="Durand").latest("starts_at")
    address = f"{base}/api/v1/appointments/{appointment.pk}/documents/"
    content = large_pdf()

    def share(results: list[int]) -> None:
        response = requests.post(
            address,
            data={"category": "report", "title": "Scan", "sign": "true", "page": 4, "x": 0.8, "y": 0.9},
            files={"file": ("scan.pdf", io.BytesIO(content), "application/pdf")},
            headers={"Authorization": f"Bearer {token}"},
            timeout=300,
        )
        results.append(response.status_code)

    share([])  # every module loaded, the sandbox warm
    worker = psutil.Process(pid).children()[0]
    idle = worker.memory_info().rss
    results: list[int] = []
    threads = [threading.Thread(target=share, args=(results,)) for _ in range(AT_ONCE)]
    start = time.perf_counter()
    for thread in threads:
        thread.start()
    peak = peak_child = 0
    while any(thread.is_alive() for thread in threads):
        peak = max(peak, worker.memory_info().rss)
        for child in worker.children(recursive=True):
            try:
                peak_child = max(peak_child, child.memory_info().rss)
            except psutil.NoSuchProcess:
                continue  # the process has just ended
        time.sleep(0.02)
    seconds = time.perf_counter() - start
    print(f"{AT_ONCE} × 50 MB signed at once: {results.count(201)} shared in {seconds:.1f} s")
    print(f"  web process: {idle / MIB:.0f} MiB idle, {peak / MIB:.0f} MiB at the peak (+{(peak - idle) / MIB:.0f})")
    print(f"  largest sandbox child: {peak_child / MIB:.0f} MiB resident")
