"""The address of a practice's page: what it is called, for people, and a part of its id, which never changes."""

from __future__ import annotations

from django.urls import reverse

from appointments.public_practices import page_key
from practices.models import Practice
from practices.plain_text import plain

LONGEST_NAME = 80  # characters


def page_path(practice: Practice) -> str:
    return reverse("practice-page", args=[slug_of(practice)])


def slug_of(practice: Practice) -> str:
    """For example "cabinet-des-lilas-3f2a91c4d07e"; without a name in Latin letters the id alone."""
    ascii_words = "".join(one if one.isascii() else " " for one in plain(practice.name)).split()
    name = "-".join(ascii_words)[:LONGEST_NAME].strip("-")
    return "-".join(filter(None, (name, page_key(practice))))
