"""One practice with its cast, and another one: created anew for each example."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime, time, timedelta

from allauth.account.models import EmailAddress
from allauth.account.signals import email_changed
from django.conf import settings
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client, override_settings
from django.utils import timezone
from rest_framework.test import APIClient

from accounts.mobile import replace_mobile
from accounts.models import Scope, User
from accounts.tokens import issue_token
from appointments.models import (
    Agenda,
    Appointment,
    AppointmentKind,
    BookedFor,
    BookingPolicy,
    OpeningHours,
    VisitReason,
)
from appointments.online import book_online
from docshare.demo.letters import signature
from documents.library.catalogue import import_document
from documents.models import Category, SharedDocument
from documents.sending.rules import RuleContent, save_rule
from documents.sharing.replacing import replace_document
from documents.sharing.share import share_library_document, share_upload
from files.intake import Intake, accept
from patients.models import Patient
from patients.own_contacts import follow_account
from patients.relatives import Person
from practices.models import Membership, Practice
from tests.conftest import make_user

ACCOUNTS = ["hugo", "ines", "own", "parent"]  # account holders; none is staff
# Of the practice: its doctors, a secretary, an administrator who is neither, and one who only reads.
SHARERS = ["alice", "bob", "sonia", "adele"]
STAFF = [*SHARERS, "rita"]
SCOPES = [Scope.READ, Scope.WRITE, Scope.SIGN]
BORN = date(1980, 5, 6)  # of every account holder
# Every address that reaches an account holder's mailboxes, by the providers' own rules. The first signs in; the
# second is another proved one.
MAILBOXES = {
    "hugo": {
        "hugo.cast@gmail.com",
        "hugocast@gmail.com",
        "hugo.cast+paul@gmail.com",
        "h.u.g.o.cast@googlemail.com",
        "bureau@hugo.example",
        "bureau+paul@hugo.example",
    },
    "ines": {"ines@cast.example", "ines+maman@cast.example"},
    "own": {"own@cast.example"},
    "parent": {"parent@cast.example"},
}
EMAILS = {"hugo": "hugo.cast@gmail.com", "ines": "ines@cast.example"}
SECOND_EMAIL = {"hugo": "bureau@hugo.example"}
# Two share a mobile: a mobile alone identifies nobody.
MOBILES = {"hugo": "+33612000000", "ines": "+33612000000", "own": "+33612000003", "parent": "+33612000006"}


def first_email(name: str) -> str:
    return EMAILS.get(name, f"{name}@cast.example")


def aliases_of(email: str) -> set[str]:
    """Every address of the cast that reaches the same mailbox."""
    hugo = {one for one in MAILBOXES["hugo"] if not one.endswith("hugo.example")}
    return {"hugo.cast@gmail.com": hugo, "ines@cast.example": MAILBOXES["ines"]}.get(email, {email})


def without_limits() -> override_settings:
    """Lifts the limits of SMS, which other tests cover."""
    names = ("SMS_PER_ACCOUNT", "SMS_PER_STAFF", "SMS_PER_NUMBER", "SMS_PER_PRACTICE")
    return override_settings(**dict.fromkeys(names, (10**6, 10**6)))


class Practices:
    def __init__(self, channels: set[str]) -> None:
        self.practice = Practice.objects.create(name="Cabinet des Lilas")
        BookingPolicy.objects.create(practice=self.practice, most_upcoming=500, most_per_person=500, most_a_day=500)
        other = Practice.objects.create(name="Centre du Port")
        self.users = {name: make_user(f"{name}@cast.example", name.title(), "Cast") for name in (*STAFF, "charlie")}
        Membership.objects.create(
            user=self.users["alice"], practice=self.practice, is_practitioner=True, is_admin=True
        )
        roles = {"bob": "is_practitioner", "sonia": "is_secretary", "adele": "is_admin", "rita": "is_reader"}
        for name, role in roles.items():
            Membership.objects.create(user=self.users[name], practice=self.practice, **{role: True})
        Membership.objects.create(user=self.users["charlie"], practice=other, is_practitioner=True, is_admin=True)
        for name in ACCOUNTS:
            self.users[name] = self._account(name)
        self.agenda = Agenda.objects.create(
            practice=self.practice, name="Dr Alice", video_url="https://video.example/alice"
        )
        for weekday in range(7):
            OpeningHours.objects.create(agenda=self.agenda, weekday=weekday, opens_at=time(8), closes_at=time(20))
        self.reason = VisitReason.objects.create(practice=self.practice, name="Suivi", duration_minutes=10)
        self.reason.agendas.add(self.agenda)
        self.category = Category.objects.get(code="report")
        self.library = [
            import_document(
                practice=self.practice,
                intake=self.picture(number),
                title=f"Plan {number}",
                category=self.category,
                by=self.users["alice"],
            )
            for number in (1, 2)
        ]
        asked = {"email": "email", "mobile": "sms"}
        content = replace(self.content_of_rule(), channels=[asked[one] for one in channels])
        save_rule(practice=self.practice, content=content, by=self.users["alice"])
        self.planned = len(content.documents) + len(content.questions)  # sendings of each booking
        self.slots = 0
        self.sign_in()

    def content_of_rule(self) -> RuleContent:
        return RuleContent(name="Plans", documents=self.library)

    def sign_in(self) -> None:
        """Signs everybody in, by browser and API: again after some days."""
        self.clients: dict[str, Client] = {}
        self.apis: dict[str, APIClient] = {}
        for name, user in self.users.items():
            self.clients[name] = Client(raise_request_exception=True)
            self.clients[name].force_login(user, backend=settings.AUTHENTICATION_BACKENDS[0])
            self.apis[name] = APIClient()
            _token, secret = issue_token(user=user, name="test", scopes=SCOPES, by=None)
            self.apis[name].credentials(HTTP_AUTHORIZATION=f"Bearer {secret}")

    def next_slot(self) -> datetime:
        minutes = 10 * self.slots
        self.slots += 1
        day = timezone.localdate(timezone=self.practice.zone) + timedelta(days=7 + minutes // 720)
        opens = datetime.combine(day, time(8), self.practice.zone)
        return opens + timedelta(minutes=minutes % 720)

    def book_online(self, who: str, booked_for: BookedFor, person: Person | None, *, video: bool) -> Appointment:
        return book_online(
            holder=self.users[who],
            agenda=self.agenda,
            visit_reason=self.reason,
            starts_at=self.next_slot(),
            kind=AppointmentKind.VIDEO if video else AppointmentKind.IN_PERSON,
            booked_for=booked_for,
            person=person,
        )

    def change_mobile(self, who: str, mobile: str) -> None:
        user = self.users[who]
        former = user.mobile
        replace_mobile(user=user, mobile=mobile, by=user)
        follow_account(user=user, contact="mobile", former=former, new=mobile)

    def change_email(self, who: str, email: str) -> None:
        """As allauth does once the new address is proved: it deletes the others."""
        user = self.users[who]
        former = EmailAddress.objects.get(user=user, primary=True)
        EmailAddress.objects.filter(user=user).delete()
        new = EmailAddress.objects.create(user=user, email=email, verified=True, primary=True)
        user.email = email
        user.save(update_fields=["email"])
        email_changed.send(sender=User, request=None, user=user, from_email_address=former, to_email_address=new)

    def share(self, booking: str, *, upload: bool) -> SharedDocument:
        by, appointment = self.users["alice"], self.appointment(booking)
        if not upload:
            return share_library_document(appointment=appointment, library_document=self.library[0], by=by)
        return share_upload(
            appointment=appointment,
            intake=self.picture(3),
            category=self.category,
            title="Photo",
            placement=None,
            by=by,
        )

    def replace(self, document: SharedDocument) -> None:
        replace_document(document=document, intake=self.picture(4), placement=None, by=self.users["alice"])

    @staticmethod
    def picture(number: int) -> Intake:
        return accept(SimpleUploadedFile(f"image{number}.png", signature(number)))

    @staticmethod
    def patient(record: str) -> Patient:
        return Patient.objects.select_related("practice").get(pk=record)

    @staticmethod
    def appointment(booking: str) -> Appointment:
        return Appointment.objects.select_related("practice", "patient__practice", "holder").get(pk=booking)

    @staticmethod
    def _account(name: str) -> User:
        user = make_user(
            first_email(name),
            name.title(),
            "Cast",
            birth_date=BORN,
            mobile=MOBILES[name],
            mobile_verified_at=timezone.now(),
        )
        EmailAddress.objects.create(user=user, email=user.email, verified=True, primary=True)
        if name in SECOND_EMAIL:
            EmailAddress.objects.create(user=user, email=SECOND_EMAIL[name], verified=True, primary=False)
        return user
