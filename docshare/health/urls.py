"""Addresses for the installation's operator."""

from django.urls import path

from docshare.health import page, views

urlpatterns = [
    path("healthz", views.healthz, name="healthz"),
    path("healthz/system", views.system, name="healthz-system"),
    path("readyz", views.readyz, name="readyz"),
    path("metrics", views.metrics, name="metrics"),
    path("admin/system/", page.system_state, name="system-state"),
    path("admin/system/<str:part>/", page.illness, name="system-illness"),
]
