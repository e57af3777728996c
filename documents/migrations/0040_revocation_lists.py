from django.db import migrations, models
from django.db.models import Q


class Migration(migrations.Migration):
    """What was called revoked had expired and was replaced: it signs no more, and what it signed stays valid."""

    dependencies = [("documents", "0031_shared_document_notices")]

    operations = [
        migrations.RemoveConstraint(model_name="signingcredential", name="credential_one_current_per_user"),
        migrations.RenameField(model_name="signingcredential", old_name="revoked_at", new_name="retired_at"),
        migrations.AddField(
            model_name="signingcredential",
            name="revoked_at",
            field=models.DateTimeField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name="installationauthority",
            name="revocation_list",
            field=models.BinaryField(editable=False, help_text="X.509 CRL, DER", null=True),
        ),
        migrations.AddField(
            model_name="installationauthority",
            name="revocation_list_at",
            field=models.DateTimeField(editable=False, help_text="When it was made", null=True),
        ),
        migrations.AddConstraint(
            model_name="signingcredential",
            constraint=models.UniqueConstraint(
                condition=Q(retired_at=None), fields=("user",), name="credential_one_current_per_user"
            ),
        ),
        migrations.AddConstraint(
            model_name="signingcredential",
            constraint=models.CheckConstraint(
                condition=Q(revoked_at=None) | Q(retired_at__isnull=False), name="credential_revoked_signs_no_more"
            ),
        ),
    ]
