"""Every address of the site."""

from allauth.account.decorators import secure_admin_login
from django.contrib import admin
from django.urls import include, path

# The administration uses the site's own sign-in, with second factor, limits and notices.
admin.site.login = secure_admin_login(admin.site.login)  # type: ignore[method-assign]

urlpatterns = [
    path("", include("docshare.health.urls")),  # before the administration, because its page is below that address
    path("", include("portals.public.urls")),
    path("", include("portals.patient.urls")),
    path("pro/", include("portals.practitioner.urls")),
    path("api/v1/", include("portals.api.urls")),
    path("account/", include("allauth.urls")),
    path("start/", include("portals.operator.urls")),
    path("admin/", admin.site.urls),
]

handler400 = "portals.public.errors.bad_request"
handler403 = "portals.public.errors.permission_denied"
handler404 = "portals.public.errors.not_found"
handler429 = "portals.public.errors.too_many_requests"  # for allauth's limits on requests
handler500 = "portals.public.errors.server_error"
