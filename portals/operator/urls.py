"""Addresses of links that open an operator's account, of a new practice, and of one practice."""

from django.urls import path

from portals.operator import founding, practice, start

app_name = "operator"
urlpatterns = [
    path("sign-in/", start.means, name="means"),
    path("practice/", founding.found, name="practice-new"),
    path("practices/<uuid:pk>/", practice.practice, name="practice"),
    path("practices/<uuid:pk>/suspension/", practice.suspension, name="suspension"),
    path("practices/<uuid:pk>/suspension/end/", practice.end_suspension, name="suspension-end"),
    path("administrators/<uuid:pk>/again/", practice.send_again, name="administrator-again"),
    path("administrators/<uuid:pk>/revoke/", practice.revoke, name="administrator-revoke"),
    path("<str:token>/", start.start, name="start"),
]
