"""Every message of the site, each planned by the code that really plans it; for tests that check each of them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from allauth.account.adapter import get_adapter
from allauth.account.models import EmailAddress
from allauth.core import context
from django.contrib.auth.models import AnonymousUser
from django.test import RequestFactory
from django.utils import timezone

from accounts import tries
from accounts.account_letters import LETTERS
from accounts.devices import send_device_code
from accounts.mobile import ask_for_mobile, replace_mobile
from accounts.models import User
from appointments import reminders
from appointments.booking import place
from appointments.cancelling import cancel
from appointments.models import (
    Agenda,
    Appointment,
    AppointmentKind,
    AppointmentSeries,
    BookedFor,
    OpeningHours,
    Reminder,
    VisitReason,
)
from appointments.moving import move
from appointments.offers import sweep
from appointments.online import book_online, cancel_online
from appointments.recurrence import recurring
from appointments.series import book_series, cancel_following, occurrences
from appointments.waiting import put_on_list
from documents import messages
from documents.consents.asking import ask as ask_for_signature
from documents.consents.forms import Asked
from documents.consents.messages import confirm
from documents.models import LibraryDocument, SharedDocument
from documents.receiving.asking import Question, ask
from documents.sending.autosend import send_due
from documents.sending.rules import RuleContent, save_rule
from documents.sharing.share import share_library_document
from notifications.models import Channel, Message
from patients.codes import send_invitation_code
from patients.invitations import invitation_for, invite_again
from patients.messages import plan_invitation_stopped_messages
from patients.models import Patient, RecordTie, Relationship
from patients.relatives import Person
from practices.models import Membership, Practice
from signing.messages import plan_certificate_ends_email, plan_signature_changed_email

# Letters outside the GSM alphabet, and more than one SMS segment can hold.
LONG_NAME = (
    "Fédération hospitalière de Saint-Rémy-lès-Forêts, Pôle français de la Côte d’Émeraude et de l’Île aux Bœufs"
)
PARIS = ZoneInfo("Europe/Paris")
LONG_HOST = "https://documents.cabinet-medical-des-lilas-blancs.example"
REASON, TITLE = "Suivi d’hépatite", "Résultat de sérologie"
WINDOWS = "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:128.0) Gecko/20100101 Firefox/128.0"
CHILD = Person("Léa", "Martinet", timezone.localdate(timezone=PARIS) - timedelta(days=900))
ODETTE = Person("Odette", "Martinet", date(1948, 2, 11), "odette@courriel.example", "06 12 00 00 01")


@dataclass
class Stage:
    """A practice, a patient, and a booker; all of them read `language`."""

    practice: Practice
    agenda: Agenda
    reason: VisitReason
    doctor: User
    marie: Patient
    hugo: User
    plan: LibraryDocument

    def booked(self) -> Appointment:
        """Booked by the practice, for Marie."""
        return place(
            agenda=self.agenda,
            visit_reason=self.reason,
            patient=self.marie,
            starts_at=datetime.combine(
                timezone.localdate(timezone=PARIS) + timedelta(days=8), time(10), self.practice.zone
            ),
            kind=AppointmentKind.IN_PERSON,
            by=self.doctor,
        )

    def online(
        self, person: Person | None = None, *, hour: int = 9, kind: str = AppointmentKind.IN_PERSON
    ) -> Appointment:
        booked_for = BookedFor.SELF
        if person:
            booked_for = BookedFor.MINOR_RELATIVE if person is CHILD else BookedFor.ADULT_RELATIVE
        return book_online(
            holder=self.hugo,
            agenda=self.agenda,
            visit_reason=self.reason,
            starts_at=datetime.combine(
                timezone.localdate(timezone=PARIS) + timedelta(days=8), time(hour), self.practice.zone
            ),
            kind=AppointmentKind(kind),
            booked_for=booked_for,
            person=person,
        )

    def share(self, appointment: Appointment) -> SharedDocument:
        return share_library_document(appointment=again(appointment), library_document=self.plan, by=self.doctor)

    def ties(self) -> None:
        RecordTie.objects.create(
            user=self.hugo,
            patient=self.marie,
            relationship=Relationship.SELF,
            proved_email=self.marie.email or "",
            proved_mobile=self.marie.mobile or "",
            proved_birth_date=self.marie.birth_date,
        )


def again(appointment: Appointment) -> Appointment:
    return Appointment.objects.select_related("practice", "patient__practice", "holder").get(pk=appointment.pk)


def make_stage(*, language: str, plan: LibraryDocument, practice: Practice, doctor: User) -> Stage:
    """The stage from the fixtures, with long names."""
    Practice.objects.filter(pk=practice.pk).update(
        name=LONG_NAME, address="12 rue des Lilas\n75020 Paris", language=language
    )
    practice.refresh_from_db()
    agenda = Agenda.objects.create(
        practice=practice, name="Salle 2", practitioner=doctor, video_url="https://video.example/salle-2"
    )
    Membership.objects.filter(user=doctor).update(is_practitioner=True)
    User.objects.filter(pk=doctor.pk).update(language=language)
    doctor.refresh_from_db()
    reason = VisitReason.objects.create(practice=practice, name=REASON, duration_minutes=20)
    reason.agendas.add(agenda)
    for weekday in range(7):
        OpeningHours.objects.create(agenda=agenda, weekday=weekday, opens_at=time(8), closes_at=time(20))
    LibraryDocument.objects.filter(pk=plan.pk).update(title=TITLE)
    plan.refresh_from_db()
    marie = Patient.objects.create(
        practice=practice,
        first_name="Marie",
        last_name="Duranton",
        birth_date=date(1941, 2, 3),
        email="marie.d@courriel.example",
        mobile="+33612345678",
        language=language,
    )
    hugo = User.objects.create_user(
        "hugo.m@courriel.example",
        None,
        first_name="Hugo",
        last_name="Martinet",
        mobile="+33698765432",
        mobile_verified_at=timezone.now(),
        birth_date=date(1979, 6, 17),
        language=language,
    )
    EmailAddress.objects.create(user=hugo, email=hugo.email, verified=True, primary=True)
    return Stage(practice, agenda, reason, doctor, marie, hugo, plan)


# --- Appointments -------------------------------------------------------------------------------------------------


def booked_online(stage: Stage) -> None:
    stage.online()


def booked_online_by_video(stage: Stage) -> None:
    stage.agenda.video_url = "https://video.example/salle/1"
    stage.agenda.save()
    stage.online(kind=AppointmentKind.VIDEO)


def booked_for_an_adult_relative(stage: Stage) -> None:
    stage.online(ODETTE)


def moved(stage: Stage) -> None:
    _forget(booked := stage.online(ODETTE))
    move(appointment=booked, by=stage.doctor, starts_at=booked.starts_at + timedelta(hours=2))


def with_somebody_else(stage: Stage) -> None:
    _forget(booked := stage.online(ODETTE))
    other = User.objects.create_user(email="vera@cabinet.example", first_name="Véra", last_name="Lenoir")
    agenda = Agenda.objects.create(practice=stage.practice, name="Salle 3", practitioner=other)
    stage.reason.agendas.add(agenda)
    move(appointment=booked, by=stage.doctor, agenda=agenda)


def cancelled_by_the_practice(stage: Stage) -> None:
    booked = stage.booked()
    cancel(appointment=booked, by=stage.doctor)


def cancelled_by_the_patient(stage: Stage) -> None:
    _forget(booked := stage.online(CHILD))
    cancel_online(appointment=booked, by=stage.hugo)


def reminder(stage: Stage) -> None:
    _remind(stage.booked())


def _series(stage: Stage, days: int) -> AppointmentSeries:
    first = datetime.combine(timezone.localdate(timezone=PARIS) + timedelta(days=days), time(10), PARIS)
    return book_series(
        agenda=stage.agenda,
        visit_reason=stage.reason,
        patient=stage.marie,
        starts=recurring(first, times=10, zone=PARIS),
        kind=None,
        by=stage.doctor,
        accepted=[
            doubt.key
            for one in occurrences(
                agenda=stage.agenda,
                visit_reason=stage.reason,
                patient=stage.marie,
                starts=recurring(first, times=10, zone=PARIS),
            )
            for doubt in one.doubts
        ],
    )


def series_booked(stage: Stage) -> None:
    _series(stage, 8)


def series_booked_by_sms(stage: Stage) -> None:
    Patient.objects.filter(pk=stage.marie.pk).update(email=None)
    stage.marie.refresh_from_db()
    _series(stage, 8)


def series_cancelled(stage: Stage) -> None:
    _forget(series := _series(stage, 8))
    first = series.appointments.order_by("starts_at").first()
    assert first
    cancel_following(appointment=first, by=stage.doctor)


def offered(stage: Stage) -> None:
    wanted = stage.booked()
    put_on_list(
        patient=stage.marie,
        visit_reason=stage.reason,
        agendas=[stage.agenda],
        appointment=wanted,
        by=stage.doctor,
    )
    noon = datetime.combine(timezone.localdate(timezone=PARIS) + timedelta(days=1), time(12), PARIS)
    assert sweep(now=noon.astimezone(UTC)) == 1


def reminder_to_a_holder(stage: Stage) -> None:
    _forget(booked := stage.online(CHILD))
    _remind(booked)


def reminder_too_late_to_change_online(stage: Stage) -> None:
    _forget(booked := stage.online(CHILD))
    soon = timezone.now() + timedelta(hours=1)
    Appointment.objects.filter(pk=booked.pk).update(starts_at=soon, ends_at=soon + timedelta(minutes=20))
    for channel in Channel:
        messages_of_reminder(channel, [again(booked)])


def reminder_of_several(stage: Stage) -> None:
    _forget(first := stage.online(CHILD))
    _forget(second := stage.online(hour=11))
    _remind(first, second)


def messages_of_reminder(channel: Channel, appointments: list[Appointment]) -> None:
    from appointments.messages import remind

    remind(channel, appointments)


def _remind(*booked: Appointment) -> None:
    Reminder.objects.filter(appointment__in=booked).delete()
    for one in booked:
        for channel in Channel:
            Reminder.objects.create(appointment=one, channel=channel, offset_hours=24, due_at=timezone.now())
    noon = datetime.combine(booked[0].local_start.date(), time(10), booked[0].practice.zone)
    reminders.send_due(now=noon.astimezone(UTC) - timedelta(days=2, hours=-2))


# --- Documents ----------------------------------------------------------------------------------------------------


def shared_without_account(stage: Stage) -> None:
    stage.share(stage.booked())


def shared_with_account(stage: Stage) -> None:
    stage.ties()
    stage.share(stage.booked())


def shared_with_a_holder(stage: Stage) -> None:
    _forget(booked := stage.online(CHILD))
    stage.share(booked)


def replaced(stage: Stage) -> None:
    document = stage.share(stage.booked())
    _forget(document.appointment)
    document.appointment = again(document.appointment)
    messages.announce(document, by=stage.doctor, replaced=True)


def replaced_with_account(stage: Stage) -> None:
    stage.ties()
    replaced(stage)


def asked_without_account(stage: Stage) -> None:
    _forget(booked := stage.booked())
    ask(appointment=again(booked), question=Question(TITLE, REASON), by=stage.doctor)


def asked_with_a_holder(stage: Stage) -> None:
    _forget(booked := stage.online(CHILD))
    ask(appointment=again(booked), question=Question(TITLE, REASON), by=stage.doctor)


def link(stage: Stage) -> None:
    save_rule(
        practice=stage.practice,
        content=RuleContent(name="Plan", documents=[stage.plan]),
        by=User.objects.get(email="carol@lilas.example"),
    )
    stage.booked()
    send_due()


def new_invitation(stage: Stage) -> None:
    invite_again(patient=stage.marie, by=stage.doctor)


def invitation_stopped(stage: Stage) -> None:
    plan_invitation_stopped_messages(invitation_for(patient=stage.marie, by=stage.doctor))


def invitation_code(stage: Stage) -> None:
    send_invitation_code(invitation=invitation_for(patient=stage.marie, by=stage.doctor))


# --- Accounts -----------------------------------------------------------------------------------------------------


def device_code(stage: Stage) -> None:
    send_device_code(stage.hugo)


def code_for_a_new_mobile(stage: Stage) -> None:
    ask_for_mobile(user=stage.hugo, mobile="+33612000099")


def mobile_changed(stage: Stage) -> None:
    replace_mobile(user=stage.hugo, mobile="+33612000099", by=stage.hugo)


def tries_failed(stage: Stage) -> None:
    tries._tell(stage.hugo)


def signature_changed(stage: Stage) -> None:
    plan_signature_changed_email(stage.doctor)


def certificate_ends(stage: Stage) -> None:
    ends_at = timezone.now() + timedelta(days=20)
    plan_certificate_ends_email(stage.doctor, ends_at=ends_at, zone=stage.practice.zone)


def _of_account(prefix: str) -> Callable[[Stage], None]:
    def plan(stage: Stage) -> None:
        request = RequestFactory().get("/", headers={"User-Agent": WINDOWS})
        request.user = AnonymousUser()
        facts = {
            "activate_url": "http://testserver/account/confirm-email/Mg:1w/",
            "password_reset_url": "http://testserver/account/password/reset/key/3-x/",
            "signup_url": "http://testserver/account/signup/",
            "from_email": "avant@courriel.example",
            "to_email": stage.hugo.email,
            "deleted_email": "avant@courriel.example",
        }
        with context.request_context(request):
            get_adapter(request).send_notification_mail(prefix, stage.hugo, facts)

    return plan


def _forget(_booked: object) -> None:
    """Delete earlier messages."""
    Message.objects.all().delete()


def signature_asked(stage: Stage) -> None:
    """After the sharing, whose own message does not wait for it."""
    document = stage.share(stage.booked())
    Message.objects.all().delete()
    ask_for_signature(document=document, asked=Asked(["Je consens à la sérologie."]), by=stage.doctor)


def signature_asked_of_an_account(stage: Stage) -> None:
    """A minor's holder."""
    document = stage.share(stage.online(CHILD))
    Message.objects.all().delete()
    ask_for_signature(document=document, asked=Asked(["Je consens à la sérologie."]), by=stage.doctor)


def signed(stage: Stage) -> None:
    """From the account of Marie."""
    document = stage.share(stage.booked())
    Message.objects.all().delete()
    consent = ask_for_signature(document=document, asked=Asked(["Je consens à la sérologie."]), by=stage.doctor)
    Message.objects.all().delete()
    confirm(consent, to=stage.hugo)


OF_A_PRACTICE: dict[str, Callable[[Stage], None]] = {
    plan.__name__: plan
    for plan in (
        booked_online, booked_online_by_video, booked_for_an_adult_relative, moved, with_somebody_else,
        offered, series_booked, series_booked_by_sms, series_cancelled,
        cancelled_by_the_practice, cancelled_by_the_patient, reminder, reminder_to_a_holder,
        reminder_too_late_to_change_online, reminder_of_several,
        shared_without_account, shared_with_account, shared_with_a_holder, replaced,
        replaced_with_account, asked_without_account, asked_with_a_holder,
        signature_asked, signature_asked_of_an_account, signed,
        link, new_invitation, invitation_code,
    )
}  # fmt: skip
OF_THE_SITE: dict[str, Callable[[Stage], None]] = {
    **{
        plan.__name__: plan
        for plan in (
            invitation_stopped, device_code, code_for_a_new_mobile, mobile_changed, tries_failed, signature_changed,
            certificate_ends,
        )
    },
    **{prefix.replace("/email/", "_"): _of_account(prefix) for prefix in LETTERS},
}  # fmt: skip
CATALOGUE = OF_A_PRACTICE | OF_THE_SITE
