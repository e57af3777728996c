"""What this room records in the trail."""

from django.utils.translation import gettext_lazy as _

from audit.events import Topic, declare

declare("signature.changed", _("Image de la signature changée"), Topic.SIGNATURE, shown=False)
declare("signature.certificate_issued", _("Certificat de signature émis"), Topic.SIGNATURE, shown=False)
declare("signature.certificate_revoked", _("Certificat de signature révoqué"), Topic.SIGNATURE, shown=False)
declare("signature.certificate_imported", _("Certificat de signature importé"), Topic.SIGNATURE, shown=False)
declare("signature.certificate_removed", _("Certificat de signature retiré"), Topic.SIGNATURE, shown=False)
