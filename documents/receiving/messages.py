"""The messages of requests: that the practice needs something, and where to send it. They never say what it is."""

from __future__ import annotations

from django.conf import settings
from django.urls import reverse
from django.utils import timezone, translation
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from accounts.models import User
from appointments.messages import who
from appointments.models import Appointment, BookedFor
from appointments.quiet_hours import sms_time
from appointments.recipients import Audience, Recipient, resolve
from appointments.sms import for_whom
from documents.models import DocumentRequest
from documents.readers import Reader, reader_of_record, reader_with_account
from notifications import outbox
from notifications.gsm import one_segment
from notifications.letters import Button, Letter, plan_letter
from notifications.models import Channel, Message, MessageQuerySet, MessageState
from notifications.outbox import plan_sms
from practices.letters import call, from_practice

TOPIC = "request"
SUBJECT = gettext_noop("Votre cabinet vous demande un document")
SMS = gettext_noop("%(practice)s vous demande un document%(details)s. Connectez-vous : %(link)s")
SMS_BY_EMAIL = gettext_noop("%(practice)s vous demande un document%(details)s. Suivez le lien de l’e-mail.")


def announce(request: DocumentRequest, *, to: Recipient, by: User | None) -> None:
    """Plan one email and one SMS to whoever would receive a document shared now. A channel by which a message about
    another request of the appointment still waits gets none: that one leads to both."""
    reader = _reader(request.appointment, to, by)
    waiting = set(_waiting(request.appointment).filter(lease_until=None).values_list("channel", flat=True))
    with translation.override(reader.language):
        if Channel.EMAIL not in waiting:
            plan_letter(
                _letter(request, reader),
                to=reader.email,
                language=reader.language,
                due_at=timezone.now() + settings.SHARE_NOTICE_DELAY,
                about=request.pk,
                topic=TOPIC,
                practice=request.practice_id,
            )
        if reader.mobile and Channel.SMS not in waiting:
            plan_sms(
                to=reader.mobile,
                subject=_(SUBJECT),
                text=_text(request, reader, to),
                language=reader.language,
                due_at=max(timezone.now() + settings.SHARE_NOTICE_DELAY, sms_time(request.practice)),
                about=request.pk,
                topic=TOPIC,
                account=by.pk if by else None,
                practice=request.practice_id,
                by_staff=True,
            )


def settle(request: DocumentRequest, *, by: User | None) -> None:
    """Nothing is to be sent for it any more: call off its waiting messages. Another request that waits for the
    patient and was announced by one of them gets its own."""
    waiting = list(_of_one(request).values_list("pk", flat=True))
    outbox.call_off(Message.objects.filter(pk__in=waiting))
    if waiting:
        _announce_first_other(request.appointment, without=request, by=by)


def announce_anew(appointment: Appointment, *, by: User | None) -> None:
    """The recipient or their contacts changed: call off what waits, and tell whoever is the recipient now, once, if
    something still waits for the patient."""
    outbox.call_off(_waiting(appointment))
    _announce_first_other(appointment, without=None, by=by)


def call_off_all(*appointments: Appointment) -> None:
    outbox.call_off(_waiting(*appointments))


def _announce_first_other(appointment: Appointment, *, without: DocumentRequest | None, by: User | None) -> None:
    others = DocumentRequest.objects.filter(appointment=appointment, state__in=("asked", "refused"))
    others = others.exclude(pk=without.pk) if without else others
    first = others.select_related("practice").first()
    recipient = resolve(appointment)
    if first is not None and recipient.is_ready:
        first.appointment = appointment
        announce(first, to=recipient, by=by)


def _waiting(*appointments: Appointment) -> MessageQuerySet:
    requests = DocumentRequest.objects.filter(appointment__in=appointments).values("pk")
    return Message.objects.filter(about__in=requests, topic=TOPIC, state=MessageState.QUEUED)


def _of_one(request: DocumentRequest) -> MessageQuerySet:
    return Message.objects.filter(about=request.pk, topic=TOPIC, state=MessageState.QUEUED)


def _reader(appointment: Appointment, to: Recipient, by: User | None) -> Reader:
    where = reverse("patient:requests")
    if to.audience is Audience.HOLDER:
        assert to.holder is not None  # the audience "holder" always has one
        return reader_with_account(to.holder, where)
    return reader_of_record(appointment.patient, by, within=appointment.pk, where=where)


def _letter(request: DocumentRequest, reader: Reader) -> Letter:
    practice = request.practice
    sentence = _(
        "%(practice)s a besoin d’un document pour préparer un rendez-vous. Vous l’envoyez depuis votre compte."
    )
    return from_practice(
        practice,
        about=_(SUBJECT),
        paragraphs=[_("Bonjour,"), sentence % {"practice": practice.name_in_messages}, reader.how],
        facts=who([request.appointment]),
        button=Button(_("Voir ce qui est demandé"), reader.link),
        small=[
            _("Ne répondez pas à ce message avec un document : envoyé par e-mail, il ne serait pas protégé."),
        ],
    )


def _text(request: DocumentRequest, reader: Reader, to: Recipient) -> str:
    return one_segment(
        _(SMS) if reader.has_account else _(SMS_BY_EMAIL),
        name=request.practice.name_in_messages,
        details=[_for_whom(request.appointment, to)],
        tail="" if reader.has_account else call(request.practice),
        link=reader.link if reader.has_account else "",
    )


def _for_whom(appointment: Appointment, to: Recipient) -> list[str]:
    """A first name if the reader may not be the patient, as in every SMS about the appointment."""
    if to.audience is Audience.HOLDER:
        return for_whom([appointment.patient], is_read_by_them=appointment.booked_for == BookedFor.SELF)
    return for_whom([appointment.patient], is_read_by_them=not appointment.patient.is_minor_now())
