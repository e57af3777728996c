
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ("documents", "0097_patients_signatures"),
    ]

    operations = [
        migrations.AlterField(
            model_name='sharebatchline',
            name='reason',
            field=models.CharField(blank=True, choices=[('has_it', 'Le destinataire a déjà ce document, dans cette version.'), ('other_appointment', 'Envoyé pour un autre rendez-vous de cette personne, le même jour.'), ('contacts', 'Il manque des coordonnées au patient, ou elles sont à confirmer.'), ('authorisation', 'Une autorisation manque\xa0: décidez qui peut recevoir les documents.'), ('cancelled', 'Le rendez-vous est annulé.'), ('deleted', 'Le rendez-vous a été supprimé.'), ('archived', 'Ce document n’est plus dans la bibliothèque.'), ('blanks', 'Ce document a des blancs à remplir pour chaque patient.'), ('sign_first', 'Un praticien signe ce document avant le patient : partagez-le depuis le rendez-vous.'), ('not_allowed', 'La personne qui a lancé l’envoi ne peut plus partager.'), ('cannot_write', 'Ce document n’a pas pu être mis en page pour ce patient.'), ('gave_up', 'Le partage a échoué plusieurs fois\xa0: partagez ce document depuis le rendez-vous.')], default='', max_length=20),
        ),
    ]
