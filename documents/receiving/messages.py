"""The messages of requests: that the practice needs something, and where to send it. They never say what it is."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime

from django.db.models import Q
from django.urls import reverse
from django.utils import translation
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from accounts.models import User
from appointments.message_parts import who
from appointments.models import Appointment, BookedFor
from appointments.recipients import Audience, Recipient, resolve
from appointments.sms import for_whom
from documents.link_messages import announce_link, contacts_of_link, waiting_of_link
from documents.messages import tell_anew_behind
from documents.models import DocumentLink, DocumentRequest, SharedDocument
from documents.models.receiving import WAITS_FOR_PATIENT
from documents.readers import Reader, ask_reader, reader_of_record, reader_with_account
from documents.sending.links import LINK, is_open
from notifications import outbox
from notifications.gsm import one_segment
from notifications.letters import Button, Letter
from notifications.models import Message, MessageQuerySet, MessageState
from practices.letters import call, from_practice

TOPIC = "request"
SUBJECT = gettext_noop("Votre cabinet vous demande un document")
SMS = gettext_noop("%(practice)s vous demande un document%(details)s. Connectez-vous : %(link)s")
SMS_BY_EMAIL = gettext_noop("%(practice)s vous demande un document%(details)s. Suivez le lien de l’e-mail.")

# Of a questionnaire: not even that it is one.
SUBJECT_OF_QUESTIONNAIRE = gettext_noop("Votre cabinet vous demande de préparer un rendez-vous")
SMS_OF_QUESTIONNAIRE = gettext_noop(
    "%(practice)s vous demande de préparer un rendez-vous%(details)s. Connectez-vous : %(link)s"
)
SMS_OF_QUESTIONNAIRE_BY_EMAIL = gettext_noop(
    "%(practice)s vous demande de préparer un rendez-vous%(details)s. Suivez le lien de l’e-mail."
)

REMINDER = gettext_noop("Rappel : votre cabinet attend un document")
REMINDER_SMS = gettext_noop("%(practice)s attend toujours un document%(details)s. Connectez-vous : %(link)s")
REMINDER_SMS_BY_EMAIL = gettext_noop(
    "%(practice)s attend toujours un document%(details)s. Suivez le lien de l’e-mail."
)
REMINDER_OF_QUESTIONNAIRE = gettext_noop("Rappel : votre cabinet vous demande de préparer un rendez-vous")
REMINDER_OF_QUESTIONNAIRE_SMS = gettext_noop(
    "%(practice)s vous demande toujours de préparer un rendez-vous%(details)s. Connectez-vous : %(link)s"
)
REMINDER_OF_QUESTIONNAIRE_SMS_BY_EMAIL = gettext_noop(
    "%(practice)s vous demande toujours de préparer un rendez-vous%(details)s. Suivez le lien de l’e-mail."
)
# By whether a questionnaire is asked and whether it reminds: to an account, and to whoever has a link by email.
TEXTS = {
    (False, False): (SMS, SMS_BY_EMAIL),
    (False, True): (REMINDER_SMS, REMINDER_SMS_BY_EMAIL),
    (True, False): (SMS_OF_QUESTIONNAIRE, SMS_OF_QUESTIONNAIRE_BY_EMAIL),
    (True, True): (REMINDER_OF_QUESTIONNAIRE_SMS, REMINDER_OF_QUESTIONNAIRE_SMS_BY_EMAIL),
}


def announce(request: DocumentRequest, *, to: Recipient, by: User | None, again: bool = False) -> None:
    """Plan one email and one SMS to whoever would receive a document shared now. A channel by which a message about
    another request of the appointment still waits gets none: that one leads to both. What a rule asked is told by its
    link, while that is open. `again`: reminds."""
    if (link := _open_link(request)) is not None:
        if not waiting_of_link(link).exists():
            announce_link(link, [], channels=contacts_of_link(link), again=again)
        return
    reader = _reader(request.appointment, to, by)
    waiting = set(_waiting(request.appointment).filter(lease_until=None).values_list("channel", flat=True))
    with translation.override(reader.language):
        ask_reader(
            reader,
            letter=_letter(request, reader, again=again),
            subject=_subject(request, again=again),
            sms=_text(request, reader, to, again=again),
            about=request.pk,
            topic=TOPIC,
            practice=request.practice,
            by=by,
            without=waiting,
        )


def settle(request: DocumentRequest, *, by: User | None) -> None:
    """Nothing is to be sent for it any more: call off its waiting messages. Another request that waits for the
    patient and was announced by one of them gets its own."""
    if request.auto_send is not None and request.auto_send.link is not None:
        tell_anew_behind(request.auto_send.link)
    waiting = list(_of_one(request).values_list("pk", flat=True))
    outbox.call_off(Message.objects.filter(pk__in=waiting))
    if waiting:
        _announce_first_other(request.appointment, without=request, by=by)


def tell_anew_behind_all(links: Collection[DocumentLink]) -> None:
    """What is asked by them changed: rewrite the messages about documents that wait."""
    told = SharedDocument.messages.through.objects.filter(
        shareddocument__auto_send__link__in=links, message__state=MessageState.QUEUED
    )
    waiting = set(told.values_list("shareddocument__auto_send__link", flat=True)) if links else set()
    for link in links:
        if link.pk in waiting:
            tell_anew_behind(link)


def announce_anew(appointment: Appointment, *, by: User | None) -> None:
    """The recipient or their contacts changed: call off what waits, and tell whoever is the recipient now, once, if
    something still waits for the patient."""
    outbox.call_off(_waiting(appointment))
    _announce_first_other(appointment, without=None, by=by)


def call_off_all(*appointments: Appointment) -> None:
    outbox.call_off(_waiting(*appointments))
    links = DocumentLink.objects.filter(appointment__in=appointments).values("pk")
    outbox.call_off(Message.objects.filter(about__in=links, topic=LINK))


def call_off_reminders(reminded: Iterable[DocumentRequest]) -> None:
    """The appointment of these requests was moved: each may be reminded of anew."""
    for request in reminded:
        outbox.call_off(_of_one(request))
        if request.auto_send is not None and request.auto_send.link is not None:
            outbox.call_off(Message.objects.filter(about=request.auto_send.link_id, topic=LINK))


def _announce_first_other(appointment: Appointment, *, without: DocumentRequest | None, by: User | None) -> None:
    """What rules asked is told by their links."""
    others = DocumentRequest.objects.filter(
        appointment=appointment, state__in=WAITS_FOR_PATIENT, auto_send__link=None
    )
    others = others.exclude(pk=without.pk) if without else others
    first = others.select_related("practice").first()
    recipient = resolve(appointment)
    if first is not None and recipient.is_ready:
        first.appointment = appointment
        announce(first, to=recipient, by=by)


def has_open_link(request: DocumentRequest) -> bool:
    return _open_link(request) is not None


def closed_link(request: DocumentRequest) -> DocumentLink | None:
    """The link by which a rule asked it, if it opens nothing any more."""
    link = request.auto_send.link if request.auto_send else None
    return link if link is not None and not is_open(link) else None


def _open_link(request: DocumentRequest) -> DocumentLink | None:
    link = request.auto_send.link if request.auto_send else None
    return link if link is not None and is_open(link) else None


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


def remind(requests: Sequence[DocumentRequest], *, to: Recipient) -> bool:
    """Plan one reminder for all of them, which are of one appointment: by the link that asked them all, or to the
    account. False if nobody may receive it now."""
    first = requests[0]
    links = {_open_link(one) for one in requests}
    alone = next(iter(links)) if len(links) == 1 else None
    if alone is None and not to.is_ready:
        return False
    if alone is None:
        first = next((one for one in requests if _open_link(one) is None), first)
    announce(first, to=to, by=None, again=True)
    return True


def leaves(requests: Sequence[DocumentRequest]) -> bool:
    """Whether a message about one of them has not left yet."""
    links = {link for one in requests if (link := _open_link(one)) is not None}
    return any(_of_one(one).exists() for one in requests) or any(waiting_of_link(link).exists() for link in links)


def last_message(request: DocumentRequest) -> datetime | None:
    """When a message that led to it was planned last."""
    about = [request.pk, *([request.auto_send.link_id] if request.auto_send else [])]
    siblings = request.appointment.document_requests.values("pk")
    found = Message.objects.filter(Q(about__in=[one for one in about if one]) | Q(about__in=siblings))
    last = found.exclude(state=MessageState.CALLED_OFF).order_by("-created_at").first()
    return last.created_at if last else None


def _letter(request: DocumentRequest, reader: Reader, *, again: bool = False) -> Letter:
    practice = request.practice
    if request.is_questionnaire:
        sentence = _("%(practice)s vous demande de préparer un rendez-vous. Vous répondez depuis votre compte.")
        small = _("Ne répondez pas à ce message : envoyé par e-mail, ce que vous écrivez ne serait pas protégé.")
    else:
        sentence = _(
            "%(practice)s a besoin d’un document pour préparer un rendez-vous. Vous l’envoyez depuis votre compte."
        )
        small = _("Ne répondez pas à ce message avec un document : envoyé par e-mail, il ne serait pas protégé.")
    return from_practice(
        practice,
        about=_subject(request, again=again),
        paragraphs=[_("Bonjour,"), sentence % {"practice": practice.name_in_messages}, reader.how],
        facts=who([request.appointment]),
        button=Button(_("Voir ce qui est demandé"), reader.link),
        small=[small],
    )


def _subject(request: DocumentRequest, *, again: bool) -> str:
    if request.is_questionnaire:
        return _(REMINDER_OF_QUESTIONNAIRE if again else SUBJECT_OF_QUESTIONNAIRE)
    return _(REMINDER if again else SUBJECT)


def _text(request: DocumentRequest, reader: Reader, to: Recipient, *, again: bool = False) -> str:
    with_account, by_email = TEXTS[request.is_questionnaire, again]
    return one_segment(
        _(with_account) if reader.has_account else _(by_email),
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
