"""Addresses open to all. Each view is marked `login_not_required`."""

from django.urls import path

from portals.public import device, health, home, links, outbox, session

urlpatterns = [
    path("", home.home, name="home"),
    path("account/device/", device.device, name="device"),
    path("account/stay/", session.stay, name="session-stay"),
    path("d/<str:token>", links.link, name="link"),
    path("d/<str:token>/<int:number>", links.download, name="link-download"),
    path("healthz", health.healthz, name="healthz"),
    path("readyz", health.readyz, name="readyz"),
    path("outbox/", outbox.outbox, name="outbox"),
    path("robots.txt", home.robots, name="robots"),
]
