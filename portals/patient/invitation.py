"""From the link of an email to the document: link, code by SMS, birth date, password; one question a page.

What was proved is kept in this browser's session, for this invitation alone. A GET never sends, consumes or
confirms anything: mail scanners follow links.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from functools import wraps
from typing import Any

from allauth.account.internal.flows.login import record_authentication
from allauth.usersessions.models import UserSession
from django.conf import settings
from django.contrib import messages
from django.contrib.auth import login
from django.contrib.auth.decorators import login_not_required
from django.core.exceptions import ValidationError
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods, require_POST

from accounts.codes import check_code
from accounts.device_cookie import asks_to_remember, keep_device
from accounts.models import User
from accounts.receivers import note_sign_in
from accounts.stages import note_code_given
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
from portals.answers import refusals_told
from portals.code_form import CodeForm
from portals.patient.forms import BirthDateForm, PasswordForm
from portals.spoken import speak

SESSION_KEY = "invitation"
View = Callable[..., HttpResponse]


def no_referrer(view: View) -> View:
    """The page whose address holds the token tells no site where one came from.

    Browsers then send `Origin: null` with a form, which Django's CSRF check refuses: these views are exempt, as the
    unguessable token in the address is what lets them act. The steps after it have no token in theirs.
    """

    @csrf_exempt
    @wraps(view)
    def wrapped(*args: Any, **kwargs: Any) -> HttpResponse:
        response = view(*args, **kwargs)
        response["Referrer-Policy"] = "no-referrer"
        return response

    return wrapped


@login_not_required
@no_referrer
@require_http_methods(["GET", "HEAD", "POST"])
def start(request: HttpRequest, token: str) -> HttpResponse:
    """The email's link: who invites, and what comes next. The button sends the code."""
    invitation = find_invitation(token)
    if invitation is None:
        raise Http404
    speak(request, invitation.patient.language)
    if why_closed(invitation) or _opens_nothing(request, invitation):
        return _over(request, invitation, token=token)
    if request.method != "POST":
        return render(request, "patient/invitation/start.html", _shown(request, invitation))
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
    """A page after the link: needs an open invitation in this session."""

    @login_not_required
    @require_http_methods(["GET", "HEAD", "POST"])
    @wraps(view)
    def wrapped(request: HttpRequest) -> HttpResponse:
        proofs = request.session.get(SESSION_KEY)
        invitation = None
        if proofs:
            invitation = Invitation.objects.select_related("patient__practice").filter(pk=proofs["id"]).first()
        if invitation is None:
            return render(request, "patient/invitation/lost.html", status=404)
        speak(request, invitation.patient.language)
        if why_closed(invitation):
            return _over(request, invitation)
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
    return render(request, "patient/invitation/code.html", {"form": form, **_shown(request, invitation)})


@_step
def birth_date(request: HttpRequest, invitation: Invitation) -> HttpResponse:
    if not request.session[SESSION_KEY].get("mobile_proved"):
        return redirect("patient:invitation-code")
    form = BirthDateForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            prove_birth_date(invitation=invitation, birth_date=form.cleaned_data["birth_date"])
        except InvitationOver:
            return _over(request, invitation)
        except ImpossibleBirthDate:
            form.add_error(None, _("Ce n’est pas une date de naissance possible : vérifiez l’année."))
        except WrongBirthDate as error:
            if error.left == 0:
                invitation.refresh_from_db()
                return _over(request, invitation)
            form.refuse(ValidationError(error.sentence))
        else:
            _remember(request, birth_date=form.cleaned_data["birth_date"].isoformat())
            return _after_birth_date(request, invitation)
    return render(request, "patient/invitation/birth_date.html", {"form": form, "invitation": invitation})


@_step
def password(request: HttpRequest, invitation: Invitation) -> HttpResponse:
    born = _proved_birth_date(request)
    if born is None:
        return redirect("patient:invitation-birth-date")
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
            return _over(request, invitation)
        except (RecordAlreadyClaimed, BookedForSomebodyElse) as refused:
            return _claimed(request, invitation, refused)
        record_authentication(request, user, method="invitation")
        login(request, user, backend=settings.AUTHENTICATION_BACKENDS[0])
        note_sign_in(request=request, user=user)
        UserSession.objects.create_from_request(request)  # among « Appareils connectés », where it can be ended
        request.session.pop(SESSION_KEY, None)
        response = redirect("patient:documents")
        if asks_to_remember(request):  # the code to the mobile was given here a minute ago
            keep_device(request, response, user)
        return response
    context = {"form": form, "invitation": invitation, "remember": asks_to_remember(request)}
    return render(request, "patient/invitation/password.html", context)


@_step
def confirm(request: HttpRequest, invitation: Invitation) -> HttpResponse:
    """Somebody with an account, signed in: whose record it is, and which account it will be tied to."""
    born = _proved_birth_date(request)
    if born is None:
        return redirect("patient:invitation-birth-date")
    if not request.user.is_authenticated:
        return _to_sign_in()
    if request.method != "POST":
        return render(request, "patient/invitation/confirm.html", {"invitation": invitation})
    try:
        accept_invitation(invitation=invitation, user=request.user, birth_date=born)
    except (InvitationOver, WrongBirthDate):
        invitation.refresh_from_db()
        return _over(request, invitation)
    except (RecordAlreadyClaimed, BookedForSomebodyElse) as refused:
        return _claimed(request, invitation, refused)
    request.session.pop(SESSION_KEY, None)
    return redirect("patient:documents")


def _claimed(request: HttpRequest, invitation: Invitation, refused: Exception) -> HttpResponse:
    context = {"invitation": invitation, "booked": isinstance(refused, BookedForSomebodyElse)}
    return render(request, "patient/invitation/claimed.html", context, status=409)


def _shown(request: HttpRequest, invitation: Invitation) -> dict[str, Any]:
    """Who was tied to the record before proves its new contacts by the link and the code: two steps."""
    user = request.user
    again = user.is_authenticated and suspended_tie(invitation=invitation, user=user) is not None
    waiting = documents_waiting(invitation.patient)
    return {"invitation": invitation, "new_contacts": again, "steps": 2 if again else 4, "waiting": waiting}


def _opens_nothing(request: HttpRequest, invitation: Invitation) -> bool:
    """Everything it told of was taken back since. Whoever proves new contacts, or was identified by staff, goes on:
    the account is what they are invited to."""
    if invitation.identity_checked_by_id is not None or documents_waiting(invitation.patient):
        return False
    user = request.user
    return not (user.is_authenticated and suspended_tie(invitation=invitation, user=user) is not None)


def _after_code(request: HttpRequest, invitation: Invitation) -> HttpResponse:
    """Whose account was tied to the record before has nothing more to prove; others say their birth date."""
    user = request.user
    if user.is_authenticated and suspended_tie(invitation=invitation, user=user):
        try:
            prove_new_contacts(invitation=invitation, user=user)
        except InvitationOver:
            return _over(request, invitation)
        request.session.pop(SESSION_KEY, None)
        messages.success(request, _("Vos nouvelles coordonnées sont vérifiées."))
        if user.mobile and user.mobile != invitation.mobile:  # the account's own is its owner's to change
            told = _(
                "Votre compte envoie toujours ses codes au %(mobile)s. Changez-le dans « Mon compte » si besoin."
            )
            messages.warning(request, told % {"mobile": telephone_by_pairs(user.mobile)})
        return redirect("patient:documents")
    return redirect("patient:invitation-birth-date")


def _after_birth_date(request: HttpRequest, invitation: Invitation) -> HttpResponse:
    if request.user.is_authenticated:
        return redirect("patient:invitation-confirm")
    if account_at(invitation.email):
        replaced = replace_lost_mobile(invitation=invitation)
        messages.info(
            request, _("Vous avez déjà un compte à cette adresse : connectez-vous pour voir votre document.")
        )
        if replaced:
            note_code_given(request, replaced)
        return _to_sign_in()
    if has_own_account(invitation):
        messages.info(request, _("Ces documents sont déjà reliés à un compte : connectez-vous pour les voir."))
        return _to_sign_in()
    return redirect("patient:invitation-password")


def _to_sign_in() -> HttpResponse:
    back = urlencode({"next": reverse("patient:invitation-confirm")})
    return redirect(f"{reverse(settings.LOGIN_URL)}?{back}")


def _send_code(request: HttpRequest, invitation: Invitation) -> HttpResponse:
    with refusals_told(request):
        send_invitation_code(invitation=invitation)
        messages.info(request, _("Un code à six chiffres vient de vous être envoyé par SMS."))
    return redirect("patient:invitation-code")


def _remember(request: HttpRequest, **proofs: Any) -> None:
    request.session[SESSION_KEY] = {**request.session[SESSION_KEY], **proofs}


def _proved_birth_date(request: HttpRequest) -> date | None:
    proofs = request.session.get(SESSION_KEY, {})
    given = proofs.get("birth_date") if proofs.get("mobile_proved") else None
    return date.fromisoformat(given) if given else None


def _over(request: HttpRequest, invitation: Invitation, token: str = "") -> HttpResponse:
    """Used, expired, withdrawn, contacts changed, too many tries: a page with the next step."""
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
