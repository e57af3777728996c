"""Addresses open to all. Each view is marked `login_not_required`."""

from django.urls import path

from portals.public import (
    authority,
    device,
    engines,
    home,
    joining,
    legal,
    links,
    logo,
    outbox,
    passkeys,
    practice_page,
    practice_search,
    reports,
    session,
    verification,
)

urlpatterns = [
    path("", home.home, name="home"),
    path("account/device/", device.device, name="device"),
    path("account/2fa/webauthn/login/", passkeys.login, name="mfa_login_webauthn"),  # before allauth's own
    path("account/2fa/webauthn/reauthenticate/", passkeys.reauthenticate, name="mfa_reauthenticate_webauthn"),
    path("account/2fa/webauthn/add/", passkeys.add, name="mfa_add_webauthn"),
    path("account/stay/", session.stay, name="session-stay"),
    path("account/signed-in-again/", session.back_to_tab, name="back-to-tab"),
    path("authority/<uuid:pk>/crl", authority.revocation_list, name="revocation-list"),
    path("join/account/", joining.account, name="joining-account"),
    path("join/passkey/", joining.passkey, name="joining-passkey"),
    path("join/confirm/", joining.confirm, name="joining-confirm"),
    path("join/<str:secret>/", joining.start, name="joining"),
    path("d/<str:token>", links.link, name="link"),
    path("d/<str:token>/<int:number>", links.download, name="link-download"),
    path("logo/<uuid:pk>/", logo.logo, name="practice-logo"),
    path("outbox/", outbox.outbox, name="outbox"),
    path("verify/", verification.verify, name="verify"),
    path("reports/email/", reports.email, name="email-reports"),
    path("reports/sms/", reports.sms, name="sms-reports"),
    path("legal/", legal.notice, name="legal-notice"),
    path("privacy/", legal.privacy, name="privacy"),
    path("privacy/<uuid:practice>/", legal.practice_privacy, name="practice-privacy"),
    path("accessibility/", legal.accessibility, name="accessibility"),
    path("help/", legal.help_page, name="help"),
    path("site-map/", legal.site_map, name="site-map"),
    path("cabinets/", practice_search.search, name="practices"),
    path("cabinets/<str:slug>/", practice_page.practice_page, name="practice-page"),
    path("robots.txt", engines.robots, name="robots"),
    path("sitemap.xml", engines.sitemap, name="sitemap"),
    path("sitemap-<int:number>.xml", engines.sitemap_page, name="sitemap-page"),
]
