from django.apps import AppConfig


class DocshareConfig(AppConfig):
    name = "docshare"
