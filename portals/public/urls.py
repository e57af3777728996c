"""Addresses open to all. Each view is marked `login_not_required`."""

from django.urls import path

from portals.public import health, home, outbox

urlpatterns = [
    path("", home.home, name="home"),
    path("healthz", health.healthz, name="healthz"),
    path("readyz", health.readyz, name="readyz"),
    path("outbox/", outbox.outbox, name="outbox"),
    path("robots.txt", home.robots, name="robots"),
]
