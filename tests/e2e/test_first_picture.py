"""The first rendering of a page: small, and without shifts while fonts and scripts load (CLS below 0.02)."""

from __future__ import annotations

import gzip

import pytest
from playwright.sync_api import APIResponse, Browser

from appointments.models import Appointment
from tests.e2e.conftest import Visitor
from tests.e2e.steps import sign_in_as_staff

pytestmark = [pytest.mark.slow]
MOST_BYTES = 150_000
LIBRARIES = ("editor", "pdf")  # of the editor's page, and of those that show a PDF
WATCH = """window.shifts = [];
new PerformanceObserver((list) => {
  for (const one of list.getEntries()) {
    const moved = one.sources.map((source) => source.node?.outerHTML?.slice(0, 120));
    if (!one.hadRecentInput) window.shifts.push([one.value, moved]);
  }
}).observe({type: "layout-shift", buffered: true});"""


@pytest.mark.parametrize("width", [360, 1440])
def test_pages_are_light_and_nothing_jumps(site: str, browser: Browser, width: int) -> None:
    visitor = Visitor(browser, site, width, 900)
    appointment = Appointment.objects.filter(patient__last_name="Durand").earliest("starts_at")
    everybody = ["/account/login/", "/verify/", "/cabinets/"]
    staff = ["", f"appointments/{appointment.pk}/", f"appointments/{appointment.pk}/share/", "appointments/new/"]
    admins = ["library/", "library/write/", "rules/", "rules/new/", "deliveries/", "patients/", "settings/"]
    visitor.page.add_init_script(WATCH)
    look_at(visitor, everybody)
    sign_in_as_staff(visitor, "dr.martin@lilas.example")
    look_at(visitor, [f"/pro/{path}" for path in staff])
    visitor.context.clear_cookies()
    sign_in_as_staff(visitor, "admin@lilas.example")
    look_at(visitor, [f"/pro/{path}" for path in admins])
    visitor.context.close()


def look_at(visitor: Visitor, paths: list[str]) -> None:
    page = visitor.page
    tools = visitor.context.new_cdp_session(page)
    tools.send("Network.enable")
    tools.send("Network.setCacheDisabled", {"cacheDisabled": True})  # a first visit
    for path in paths:
        page.goto(visitor.base + path, wait_until="networkidle")
        page.evaluate("document.fonts.ready")
        shifts = page.evaluate("window.shifts")
        assert sum(value for value, _what in shifts) < 0.02, (path, shifts)
        urls = page.evaluate("[location.href, ...performance.getEntriesByType('resource').map((one) => one.name)]")
        weights = {url: weight_of(visitor, url) for url in urls if url.startswith(visitor.base)}
        assert len(weights) > 4, path
        assert sum(weights.values()) < MOST_BYTES, (path, weights)
    tools.detach()


_weights: dict[str, int] = {}  # of files, which pages share; their addresses have the server's port


def weight_of(visitor: Visitor, url: str) -> int:
    if not url.startswith(f"{visitor.base}/static/"):
        return weight(visitor.context.request.get(url))
    if url not in _weights:
        _weights[url] = weight(visitor.context.request.get(url))
    return _weights[url]


def weight(answer: APIResponse) -> int:
    """Bytes as production sends them, with text compressed."""
    if any(f"/{name}" in answer.url for name in LIBRARIES):
        return 0
    kind, body = answer.headers.get("content-type", ""), answer.body()
    return len(body) if kind.startswith(("font/", "image/png", "image/jpeg")) else len(gzip.compress(body))
