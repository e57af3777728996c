"""Opens an account for a new patient, once a code has proved the email and another one the mobile.

Whether an account exists at an address is told to that address alone: the pages are the same in both cases.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from allauth.account.models import EmailAddress
from django.conf import settings
from django.db import transaction
from django.urls import reverse
from django.utils import timezone, translation
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.account_links import Passkey, add_passkey
from accounts.codes import check_code, new_code
from accounts.counting import count_one
from accounts.devices import send_code
from accounts.models import User
from audit.trail import record
from notifications.letters import Button, plan_letter
from patients.claiming import AccountExists, account_at
from patients.models import SignUp
from patients.relatives import Person
from practices.letters import from_practice
from practices.models import Practice
from refusals import Kind, Refusal

EMAIL_CODE, MOBILE_CODE = "sign-up-email", "sign-up-mobile"
MOST_OF_AN_ORIGIN = 5  # in an hour: each sends an SMS to a number that nobody has proved


class TooManySignUps(Refusal):
    code = "too_many_sign_ups"
    kind = Kind.TOO_OFTEN
    retry_after = 3600
    words = gettext_lazy(
        "Trop de comptes ont été demandés depuis cette connexion. Réessayez dans une heure, ou appelez le cabinet."
    )


class SignUpOver(Refusal):
    """It was used already, or its half hour has passed."""

    code = "sign_up_over"
    kind = Kind.GONE
    words = gettext_lazy("Votre inscription a duré trop longtemps : recommencez.")


class NotProved(Refusal):
    code = "not_proved"
    kind = Kind.CONFLICT
    words = gettext_lazy("Saisissez d’abord les deux codes.")


@dataclass(frozen=True)
class WrongCodes:
    """Which of the two codes was not the valid one."""

    email: bool
    mobile: bool

    def __bool__(self) -> bool:
        return self.email or self.mobile


@transaction.atomic
def begin_sign_up(*, practice: Practice, person: Person, language: str, origin: str, book_at: str) -> SignUp:
    """Store what a new patient typed, and send both codes. `person` with email and mobile. `book_at`: the path of the
    page where somebody who has an account continues.

    Raises TooManySignUps, accounts.codes.TooManyCodes, notifications.sms_limits.SmsRefused.
    """
    if count_one("sign_up", origin, window=timedelta(hours=1)) > MOST_OF_AN_ORIGIN:
        raise TooManySignUps
    started = SignUp.objects.create(
        practice=practice,
        first_name=person.first_name,
        last_name=person.last_name,
        birth_date=person.birth_date,
        email=person.email or "",
        mobile=person.mobile or "",
        language=language,
    )
    send_codes(sign_up=started, book_at=book_at)
    return started


@transaction.atomic
def send_codes(*, sign_up: SignUp, book_at: str) -> None:
    """Send a new code to each contact that is not proved yet. Raises TooManyCodes, SmsRefused."""
    if not sign_up.mobile_proved_at:
        send_code(
            to=sign_up.mobile,
            digits=new_code(purpose=MOBILE_CODE, subject_id=sign_up.pk),
            language=sign_up.language,
            practice=sign_up.practice_id,
            sender=sign_up.practice.name_in_messages,
        )
    if not sign_up.email_proved_at:
        _send_email(sign_up, new_code(purpose=EMAIL_CODE, subject_id=sign_up.pk), book_at)


def _send_email(sign_up: SignUp, digits: str, book_at: str) -> None:
    """The code; or, to somebody who has an account, the way to it."""
    back = urlencode({"next": book_at})
    with translation.override(sign_up.language):
        if account_at(sign_up.email):
            letter = from_practice(
                sign_up.practice,
                about=_("Vous avez déjà un compte"),
                paragraphs=[
                    _("Vous prenez rendez-vous avec cette adresse, qui a déjà un compte : connectez-vous."),
                    _("Ce n’était pas vous ? Vous n’avez rien à faire : rien n’a changé."),
                ],
                button=Button(_("Me connecter"), f"{settings.PUBLIC_URL}{reverse(settings.LOGIN_URL)}?{back}"),
            )
        else:
            letter = from_practice(
                sign_up.practice,
                about=_("Votre code pour prendre rendez-vous"),
                paragraphs=[
                    _("Votre code : %(code)s") % {"code": digits},
                    _("Il expire dans 10 minutes. Ne le donnez à personne."),
                    _("Ce n’était pas vous ? Vous n’avez rien à faire."),
                ],
            )
        plan_letter(
            letter, to=sign_up.email, language=sign_up.language, expires_at=timezone.now() + timedelta(minutes=10)
        )


def prove_contacts(*, sign_up: SignUp, email_code: str, mobile_code: str) -> WrongCodes:
    """Compare each code whose contact is not proved yet; a right one need not be typed again."""
    now = timezone.now()
    exists = account_at(sign_up.email) is not None  # such an address never received its code
    if not sign_up.email_proved_at and not exists:
        right = check_code(purpose=EMAIL_CODE, subject_id=sign_up.pk, digits=email_code)
        sign_up.email_proved_at = now if right else None
    if not sign_up.mobile_proved_at and check_code(purpose=MOBILE_CODE, subject_id=sign_up.pk, digits=mobile_code):
        sign_up.mobile_proved_at = now
    SignUp.objects.filter(pk=sign_up.pk).update(
        email_proved_at=sign_up.email_proved_at, mobile_proved_at=sign_up.mobile_proved_at
    )
    return WrongCodes(email=not sign_up.email_proved_at, mobile=not sign_up.mobile_proved_at)


@transaction.atomic
def open_new_account(*, sign_up: SignUp, means: str | Passkey) -> User:
    """Create the account with its two proved contacts. `means`: a checked password, or a passkey made for the account
    `sign_up.pk`. Raises SignUpOver, NotProved, AccountExists."""
    live = SignUp.objects.live().select_for_update(of=("self",)).filter(pk=sign_up.pk).first()
    if live is None:
        raise SignUpOver
    if not (live.email_proved_at and live.mobile_proved_at):
        raise NotProved
    if account_at(live.email):
        raise AccountExists
    user = User.objects.create_user(
        live.email,
        means if isinstance(means, str) else None,
        id=live.pk,  # a passkey is made for this id before the account exists
        first_name=live.first_name,
        last_name=live.last_name,
        birth_date=live.birth_date,
        mobile=live.mobile,
        mobile_verified_at=live.mobile_proved_at,
        language=live.language,
    )
    EmailAddress.objects.create(user=user, email=user.email, verified=True, primary=True)
    if isinstance(means, Passkey):
        add_passkey(user, means)
    record("account.opened", by=user, on=user)
    live.delete()
    return user


def forget_old_sign_ups() -> int:
    """Remove what was typed and never finished, an hour ago or more; returns the number."""
    return SignUp.objects.filter(created_at__lt=timezone.now() - timedelta(hours=1)).delete()[0]
