"""Invitations of administrators by an operator become invitations of members, with the link that was sent."""

from __future__ import annotations

from typing import Any

from django.db import migrations
from django.utils import timezone


def convert(apps: Any, schema_editor: Any) -> None:
    link_model = apps.get_model("accounts", "AccountLink")
    invitations = apps.get_model("practices", "ColleagueInvitation").objects
    practices = apps.get_model("practices", "Practice").objects
    now = timezone.now()
    waiting = link_model.objects.filter(purpose="administrator", used_at=None, ended_at=None, expires_at__gt=now)
    for link in waiting:
        practice = practices.filter(pk=link.about).first()
        if practice and not invitations.filter(practice=practice, email__iexact=link.email, end="").exists():
            invitations.create(
                id=link.pk,
                practice=practice,
                email=link.email.lower(),
                is_admin=True,
                by_operator=True,
                token_hash=link.token_hash,
                created_at=link.created_at,
                sent_at=link.created_at,
                expires_at=link.expires_at,
                invited_by_id=link.invited_by_id,
            )
    waiting.update(ended_at=now)


class Migration(migrations.Migration):
    dependencies = [
        ("practices", "0005_suspension"),
        ("accounts", "0018_links_of_operators"),
    ]

    operations = [migrations.RunPython(convert, migrations.RunPython.noop, elidable=True)]
