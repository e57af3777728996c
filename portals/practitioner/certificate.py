"""A certificate imported as a PKCS#12 file: a practitioner's own, or the practice's."""

from __future__ import annotations

import base64
from typing import Any

from django import forms
from django.conf import settings
from django.contrib import messages
from django.core.files.uploadedfile import UploadedFile
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods

from accounts.models import User
from accounts.sole_control import require_recent_sign_in, signed_in_until
from portals.answers import done, not_done
from portals.form_errors import refusals_in
from portals.practitioner.confirmation import Question, ask
from portals.practitioner.practices import administered_practice
from portals.practitioner.staff import frame, staff_only
from practices.models import Membership, Practice, Role
from signing.certificates import in_use, trusted_roots
from signing.imported_certificates import SHOWN_DAYS, import_pkcs12, remove_imported
from signing.models import SigningCredential
from signing.pdf.imported import issuer_of, leads_to


class CertificateForm(forms.Form):
    file = forms.FileField(
        label=gettext_lazy("Fichier du certificat (.p12 ou .pfx)"),
        widget=forms.FileInput(attrs={"class": "form-control", "accept": ".p12,.pfx"}),
        error_messages={
            "required": gettext_lazy("Choisissez le fichier du certificat."),
            "empty": gettext_lazy("Ce fichier est vide."),
        },
    )
    password = forms.CharField(
        label=gettext_lazy("Mot de passe de ce fichier"),
        help_text=gettext_lazy("Celui choisi à l’export. Il n’est pas conservé."),
        required=False,
        strip=False,
        widget=forms.PasswordInput(attrs={"class": "form-control", "autocomplete": "off"}),
    )


@staff_only
@require_http_methods(["GET", "HEAD", "POST"])
def own_certificate(request: HttpRequest, user: User) -> HttpResponse:
    if not Membership.objects.held_by(user, Role.PRACTITIONER).exists():
        raise Http404
    return _certificate(request, user, owner=user)


@staff_only
@require_http_methods(["GET", "HEAD", "POST"])
def practice_certificate(request: HttpRequest, user: User) -> HttpResponse:
    return _certificate(request, user, owner=administered_practice(request, user))


@staff_only
@require_http_methods(["GET", "HEAD", "POST"])
def remove_own(request: HttpRequest, user: User) -> HttpResponse:
    return _remove(request, user, owner=user)


@staff_only
@require_http_methods(["GET", "HEAD", "POST"])
def remove_practices(request: HttpRequest, user: User) -> HttpResponse:
    return _remove(request, user, owner=administered_practice(request, user))


def _certificate(request: HttpRequest, user: User, *, owner: User | Practice) -> HttpResponse:
    form = CertificateForm(request.POST or None, request.FILES or None)
    if request.method == "POST":
        require_recent_sign_in(request)
        if form.is_valid():
            with refusals_in(form):
                _import(form, owner, user)
                messages.success(request, _("Le certificat est importé : les prochaines signatures le portent."))
                return done(request.path)
    context = frame(
        request,
        user,
        "signature" if isinstance(owner, User) else "settings",
        form=form,
        of_practice=isinstance(owner, Practice),
        certificate=certificate_facts(owner),
        signed_in_until=int(signed_in_until(request) * 1000),
    )
    return render(request, "practitioner/certificate.html", context, status=400 if form.errors else 200)


def _import(form: CertificateForm, owner: User | Practice, user: User) -> None:
    upload = form.cleaned_data["file"]
    import_pkcs12(
        owner=owner,
        upload=upload if isinstance(upload, UploadedFile) else None,
        password=form.cleaned_data["password"],
        by=user,
    )


def _remove(request: HttpRequest, user: User, *, owner: User | Practice) -> HttpResponse:
    """Asks first: this erases the key, and only importing the file again restores it."""
    if request.method != "POST":
        return _ask(request, user, owner)
    require_recent_sign_in(request)
    remove_imported(owner=owner, by=user)
    messages.success(request, _("Le certificat est retiré. Ce qu’il a signé reste valable."))
    return done("practitioner:signature" if isinstance(owner, User) else "practitioner:settings")


def _ask(request: HttpRequest, user: User, owner: User | Practice) -> HttpResponse:
    is_own = isinstance(owner, User)
    credential = in_use(owner)
    if credential is None or credential.is_ours:  # removed in another tab, or by a second click
        messages.info(request, _("Il n’y a plus de certificat à retirer."))
        return not_done("practitioner:signature" if is_own else "practitioner:settings")
    back = reverse("practitioner:certificate" if is_own else "practitioner:practice-certificate")
    question = Question(
        heading=_("Retirer ce certificat ?"),
        ends=[
            _("Certificat émis par « %(issuer)s ».") % {"issuer": issuer_of(bytes(credential.certificate))},
            _(
                "Les prochaines signatures ne le porteront plus, et sa clé est effacée d’ici : pour le reprendre, il "
                "faudra importer de nouveau son fichier. Ce qu’il a signé reste valable."
            ),
        ],
        button=_("Retirer ce certificat"),
        back=back if is_own else f"{back}?practice={owner.pk}",
        section="signature" if is_own else "settings",
    )
    return ask(request, user, question, practice=owner if isinstance(owner, Practice) else None)


def certificate_facts(owner: User | Practice) -> dict[str, Any] | None:
    """What the page shows of an imported certificate; None if the installation's own signs."""
    credential: SigningCredential | None = in_use(owner)
    if credential is None or credential.is_ours:
        return None
    certificate, chain = bytes(credential.certificate), [base64.b64decode(each) for each in credential.chain]
    return {
        "row": credential,
        "issuer": issuer_of(certificate),
        "confirmed": leads_to(certificate, chain, trusted_roots()),
        "expired": credential.days_left < 0,
        "ends_soon": 0 <= credential.days_left < SHOWN_DAYS,
        "level": settings.SIGNATURE_LEVEL,
    }
