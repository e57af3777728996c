"""Models move to a room of their own: their tables keep the names they have."""

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('documents', '0077_minority_by_todays_birth_date'),
        ('files', '0001_rooms_of_their_own'),
        ('signing', '0001_rooms_of_their_own'),
        ('practices', '0001_rooms_of_their_own'),
    ]

    operations = [
        migrations.SeparateDatabaseAndState(
            state_operations=[
                migrations.AlterField(
                    model_name='libraryversion',
                    name='file',
                    field=models.OneToOneField(on_delete=django.db.models.deletion.PROTECT, related_name='library_version', to='files.storedfile'),
                ),
                migrations.AlterField(
                    model_name='shareddocument',
                    name='file',
                    field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='shared_documents', to='files.storedfile'),
                ),
                migrations.AlterField(
                    model_name='autosendrule',
                    name='practice',
                    field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='auto_send_rules', to='practices.practice'),
                ),
                migrations.AlterField(
                    model_name='librarydocument',
                    name='practice',
                    field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='library_documents', to='practices.practice'),
                ),
                migrations.AlterField(
                    model_name='shareddocument',
                    name='notices',
                    field=models.JSONField(blank=True, db_default=[], default=list, help_text='What intake noticed or changed: codes of files.notices'),
                ),
                migrations.AlterField(
                    model_name='shareddocument',
                    name='practice',
                    field=models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='practices.practice'),
                ),
                migrations.AlterField(
                    model_name='unreadpolicy',
                    name='practice',
                    field=models.OneToOneField(on_delete=django.db.models.deletion.CASCADE, primary_key=True, related_name='unread_policy', serialize=False, to='practices.practice'),
                ),
                migrations.DeleteModel(name='SigningCredential'),
                migrations.DeleteModel(name='SignatureImage'),
                migrations.DeleteModel(name='InstallationAuthority'),
                migrations.DeleteModel(name='StoredFile'),
            ]
        ),
    ]
