"""Secrets of second factors are sealed at rest from this version on.

Forwards nothing is done here: web processes of the version before still answer, and could not read what is sealed. The
task `seal_second_factors` does it an hour after the start. Backwards the secrets are opened, for that very version.
"""

from typing import Any

from django.db import migrations

from accounts.factor_secrets import opened, with_secrets


def open_secrets(apps: Any, schema_editor: Any) -> None:
    factors = apps.get_model("mfa", "Authenticator").objects
    for one in factors.select_for_update():
        factors.filter(pk=one.pk).update(data=with_secrets(one.data, opened))


class Migration(migrations.Migration):
    dependencies = [("accounts", "0011_sign_in_trail"), ("mfa", "0003_authenticator_type_uniq")]

    operations = [migrations.RunPython(migrations.RunPython.noop, open_secrets, elidable=True)]
