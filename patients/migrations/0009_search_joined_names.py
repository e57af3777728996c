"""Names of several parts are found in one word, too (patients.models.patient.SearchText)."""

from django.db import migrations
from django.db.models import Q

ONE_PLAIN_WORD = r"^[A-Za-z]+$"


def write_anew(apps, schema_editor):
    """patients.tasks.fill_search_texts does it; until then these records are found as before, column by column."""
    patients = apps.get_model("patients", "Patient").objects
    one_word = Q(first_name__regex=ONE_PLAIN_WORD) & Q(last_name__regex=ONE_PLAIN_WORD)
    patients.exclude(one_word).update(search_text=None)


class Migration(migrations.Migration):
    dependencies = [("patients", "0008_access_ended_and_former_contacts")]

    operations = [migrations.RunPython(write_anew, migrations.RunPython.noop, elidable=True)]
