"""From the link of an email to the document: link, code by SMS, birth date, password; one question a page.

The session stores what was proved, for this invitation alone. A GET never sends, consumes or confirms anything: mail
scanners follow links.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from functools import wraps
from typing import Any

from django import forms
from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.core.exceptions import ValidationError
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods, require_POST

from accounts.codes import check_code
from accounts.device_cookie import asks_to_remember, keep_device
from accounts.models import User
from accounts.stages import note_code_given
from documents.receiving.access import requests_waiting
from documents.sharing.access import documents_waiting
from notifications.wording import telephone_by_pairs
from patients.birth_dates import ImpossibleBirthDate
from patients.claiming import AccountExists, account_at, has_own_account, open_account
from patients.codes import CODE_PURPOSE, send_invitation_code
from patients.invitations import (
    BookedForSomebodyElse,
    InvitationOver,
    RecordAlreadyClaimed,
    WrongBirthDate,
    accept_invitation,
    find_invitation,
    prove_birth_date,
    prove_new_contacts,
    renew_invitation,
    suspended_tie,
    why_closed,
)
from patients.models import Invitation
from patients.own_contacts import replace_lost_mobile
from patients.proofs import has_proved
from portals.answers import done, not_done, refusals_shown
from portals.code_form import CodeForm
from portals.message_language import speak
from portals.new_password import PasswordForm
from portals.no_referrer import no_referrer
from portals.patient.forms import BirthDateForm
from portals.patient.invited import IN_FORM, SESSION_KEY, invited_by
from portals.signing_in import sign_in
from portals.stored_pages import not_of_this_page

View = Callable[..., HttpResponse]


@login_not_required
@no_referrer
@require_http_methods(["GET", "HEAD", "POST"])
def start(request: HttpRequest, token: str) -> HttpResponse:
    """The page of the email's link: who invites, and what comes next. Its button sends the code."""
    invitation = find_invitation(token)
    if invitation is None:
        raise Http404
    speak(request, invitation.patient.language)
    if why_closed(invitation) or _opens_nothing(request, invitation):
        return _ended_page(request, invitation, token=token)
    if request.method != "POST":
        return render(request, "patient/invitation/start.html", _step_context(request, invitation))
    request.session[SESSION_KEY] = {"id": str(invitation.pk)}
    if request.user.is_authenticated and has_proved(request.user, email=invitation.email, mobile=invitation.mobile):
        _remember(request, mobile_proved=True)
        return _after_code(request, invitation)
    return _send_code(request, invitation)


@login_not_required
@no_referrer
@require_POST
def renew(request: HttpRequest, token: str) -> HttpResponse:
    """An expired link offers a new one, to the same address."""
    invitation = find_invitation(token)
    if invitation is None:
        raise Http404
    speak(request, invitation.patient.language)
    renewed = not _opens_nothing(request, invitation) and renew_invitation(invitation=invitation)
    return render(request, "patient/invitation/renewed.html", {"invitation": invitation, "renewed": renewed})


def _step(view: Callable[[HttpRequest, Invitation], HttpResponse]) -> View:
    """A page after the link: needs an open invitation in this session. A form of another invitation's page, opened
    before in this browser, does nothing."""

    @login_not_required
    @require_http_methods(["GET", "HEAD", "POST"])
    @wraps(view)
    def wrapped(request: HttpRequest) -> HttpResponse:
        opened = Invitation.objects.select_related("patient__practice")
        invitation = opened.filter(pk=invited).first() if (invited := invited_by(request)) else None
        if invitation is None:
            return render(request, "patient/invitation/restart.html", status=404)
        speak(request, invitation.patient.language)
        if request.POST.get(IN_FORM, str(invitation.pk)) != str(invitation.pk):
            return not_of_this_page(request)
        if why_closed(invitation):
            return _ended_page(request, invitation)
        return view(request, invitation)

    return wrapped


@_step
def code(request: HttpRequest, invitation: Invitation) -> HttpResponse:
    form = CodeForm(request.POST or None)
    if request.method == "POST" and "resend" in request.POST:
        return _send_code(request, invitation)
    if request.method == "POST" and form.is_valid():
        digits = form.cleaned_data["code"]
        if check_code(purpose=CODE_PURPOSE, subject_id=invitation.pk, digits=digits):
            _remember(request, mobile_proved=True)
            return _after_code(request, invitation)
        form.refuse()
    return _step_page(request, "code", form, **_step_context(request, invitation))


@_step
def birth_date(request: HttpRequest, invitation: Invitation) -> HttpResponse:
    if not request.session[SESSION_KEY].get("mobile_proved"):
        return not_done("patient:invitation-code")
    form = BirthDateForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            prove_birth_date(invitation=invitation, birth_date=form.cleaned_data["birth_date"])
        except InvitationOver:
            return _ended_page(request, invitation)
        except ImpossibleBirthDate:
            form.add_error(None, _("Ce n’est pas une date de naissance possible : vérifiez l’année."))
        except WrongBirthDate as error:
            if error.left == 0:
                invitation.refresh_from_db()
                return _ended_page(request, invitation)
            form.refuse(ValidationError(error.sentence))
        else:
            _remember(request, birth_date=form.cleaned_data["birth_date"].isoformat())
            return _after_birth_date(request, invitation, proved=True)
    return _step_page(request, "birth_date", form, invitation=invitation)


@_step
def password(request: HttpRequest, invitation: Invitation) -> HttpResponse:
    born = _proved_birth_date(request)
    if born is None:
        return not_done("patient:invitation-birth-date")
    if request.user.is_authenticated or account_at(invitation.email):
        return _after_birth_date(request, invitation)
    form = PasswordForm(request.POST or None, user=User(email=invitation.email))
    if request.method == "POST" and form.is_valid():
        try:
            user = open_account(invitation=invitation, birth_date=born, password=form.cleaned_data["password"])
        except AccountExists:
            return _after_birth_date(request, invitation)
        except (InvitationOver, WrongBirthDate):
            invitation.refresh_from_db()
            return _ended_page(request, invitation)
        except (RecordAlreadyClaimed, BookedForSomebodyElse) as refused:
            return _claimed(request, invitation, refused)
        sign_in(request, user, means="invitation")
        request.session.pop(SESSION_KEY, None)
        response = done(_first_page(invitation))
        if asks_to_remember(request):  # the code to the mobile was given here a minute ago
            keep_device(request, response, user)
        return response
    return _step_page(
        request, "password", form, remember=asks_to_remember(request), **_step_context(request, invitation)
    )


def _step_page(request: HttpRequest, name: str, form: forms.Form, **context: Any) -> HttpResponse:
    """The page of a step; status 400 if the answer was wrong."""
    status = 400 if form.errors else 200
    return render(request, f"patient/invitation/{name}.html", {"form": form, **context}, status=status)


@_step
def confirm(request: HttpRequest, invitation: Invitation) -> HttpResponse:
    """For a signed-in user: shows whose record will be tied to which account."""
    born = _proved_birth_date(request)
    if born is None:
        return not_done("patient:invitation-birth-date")
    if not request.user.is_authenticated:
        return _to_sign_in()
    if request.method != "POST":
        return render(request, "patient/invitation/confirm.html", {"invitation": invitation})
    try:
        accept_invitation(invitation=invitation, user=request.user, birth_date=born)
    except (InvitationOver, WrongBirthDate):
        invitation.refresh_from_db()
        return _ended_page(request, invitation)
    except (RecordAlreadyClaimed, BookedForSomebodyElse) as refused:
        return _claimed(request, invitation, refused)
    request.session.pop(SESSION_KEY, None)
    return done(_first_page(invitation))


def _claimed(request: HttpRequest, invitation: Invitation, refused: Exception) -> HttpResponse:
    context = {"invitation": invitation, "booked": isinstance(refused, BookedForSomebodyElse)}
    return render(request, "patient/invitation/claimed.html", context, status=409)


def _step_context(request: HttpRequest, invitation: Invitation) -> dict[str, Any]:
    """The context of a step. An account tied before only proves the new contacts: two steps instead of four."""
    user = request.user
    again = user.is_authenticated and suspended_tie(invitation=invitation, user=user) is not None
    waiting = documents_waiting(invitation.patient)
    asked = not waiting and requests_waiting(invitation.patient) > 0
    steps = 2 if again else 4
    return {"invitation": invitation, "new_contacts": again, "steps": steps, "waiting": waiting, "asked": asked}


def _first_page(invitation: Invitation) -> str:
    """The page that the invitation leads to in the end."""
    asked = requests_waiting(invitation.patient) and not documents_waiting(invitation.patient)
    return "patient:requests" if asked else "patient:documents"


def _opens_nothing(request: HttpRequest, invitation: Invitation) -> bool:
    """Whether every announced document was taken back since, and nothing is asked. Users who prove new contacts, or
    whom staff identified, continue all the same: the invitation is to the account."""
    if invitation.identity_checked_by_id is not None or documents_waiting(invitation.patient):
        return False
    if requests_waiting(invitation.patient):
        return False
    user = request.user
    return not (user.is_authenticated and suspended_tie(invitation=invitation, user=user) is not None)


def _after_code(request: HttpRequest, invitation: Invitation) -> HttpResponse:
    """An account that was tied before has proved everything; others enter the birth date."""
    user = request.user
    if user.is_authenticated and suspended_tie(invitation=invitation, user=user):
        try:
            prove_new_contacts(invitation=invitation, user=user)
        except InvitationOver:
            return _ended_page(request, invitation)
        except BookedForSomebodyElse as refused:
            return _claimed(request, invitation, refused)
        request.session.pop(SESSION_KEY, None)
        messages.success(request, _("Vos nouvelles coordonnées sont vérifiées."))
        if user.mobile and user.mobile != invitation.mobile:  # only the owner changes the mobile of an account
            sentence = _(
                "Votre compte envoie toujours ses codes au %(mobile)s. Changez-le dans « Mon compte » si besoin."
            )
            messages.warning(request, sentence % {"mobile": telephone_by_pairs(user.mobile)})
        return done(_first_page(invitation))
    return done("patient:invitation-birth-date")


def _after_birth_date(request: HttpRequest, invitation: Invitation, *, proved: bool = False) -> HttpResponse:
    """The next page. `proved`: whether this very request has proved the date."""
    to = done if proved else not_done
    if request.user.is_authenticated:
        return to("patient:invitation-confirm")
    if account_at(invitation.email):
        replaced = replace_lost_mobile(invitation=invitation)
        sentence = ngettext(
            "Vous avez déjà un compte à cette adresse : connectez-vous pour voir votre document.",
            "Vous avez déjà un compte à cette adresse : connectez-vous pour voir vos documents.",
            documents_waiting(invitation.patient),
        )
        messages.info(request, sentence)
        if replaced:
            note_code_given(request, replaced)
        return _to_sign_in()
    if has_own_account(invitation):
        messages.info(request, _("Ces documents sont déjà reliés à un compte : connectez-vous pour les voir."))
        return _to_sign_in()
    return to("patient:invitation-password")


def _to_sign_in() -> HttpResponse:
    back = urlencode({"next": reverse("patient:invitation-confirm")})
    return not_done(f"{reverse(settings.LOGIN_URL)}?{back}")


def _send_code(request: HttpRequest, invitation: Invitation) -> HttpResponse:
    with refusals_shown(request):
        send_invitation_code(invitation=invitation)
        messages.info(request, _("Un code à six chiffres vient de vous être envoyé par SMS."))
    return not_done("patient:invitation-code")


def _remember(request: HttpRequest, **proofs: Any) -> None:
    request.session[SESSION_KEY] = {**request.session[SESSION_KEY], **proofs}


def _proved_birth_date(request: HttpRequest) -> date | None:
    proofs = request.session.get(SESSION_KEY, {})
    given = proofs.get("birth_date") if proofs.get("mobile_proved") else None
    return date.fromisoformat(given) if given else None


def _ended_page(request: HttpRequest, invitation: Invitation, token: str = "") -> HttpResponse:
    """The invitation was used, expired, withdrawn, its contacts changed, or too many tries: a page with the next
    step."""
    request.session.pop(SESSION_KEY, None)
    reason = why_closed(invitation) or "expired"
    if reason == "expired" and _opens_nothing(request, invitation):
        reason = "nothing"
    return render(
        request,
        "patient/invitation/over.html",
        {"invitation": invitation, "reason": reason, "token": token},
        status=410,
    )
