"""Addresses open to all. Each view is marked `login_not_required`."""

from django.urls import path

from portals.public import authority, device, home, links, outbox, reports, session, verification

urlpatterns = [
    path("", home.home, name="home"),
    path("account/device/", device.device, name="device"),
    path("account/stay/", session.stay, name="session-stay"),
    path("account/signed-in-again/", session.back_to_tab, name="back-to-tab"),
    path("authority/<uuid:pk>/crl", authority.revocation_list, name="revocation-list"),
    path("d/<str:token>", links.link, name="link"),
    path("d/<str:token>/<int:number>", links.download, name="link-download"),
    path("outbox/", outbox.outbox, name="outbox"),
    path("verify/", verification.verify, name="verify"),
    path("reports/email/", reports.email, name="email-reports"),
    path("reports/sms/", reports.sms, name="sms-reports"),
    path("robots.txt", home.robots, name="robots"),
]
