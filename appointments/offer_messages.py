"""The message that offers an earlier time: when, with whom, for whom, until when, and the link; never the reason."""

from __future__ import annotations

from django.utils import timezone, translation
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from appointments.models import SlotOffer
from appointments.parties import Party
from appointments.waiting import TOPIC
from notifications.gsm import one_segment
from notifications.letters import Button, Fact, plan_letter
from notifications.outbox import plan_sms
from notifications.wording import clock, long_day, unlinked
from practices.letters import from_practice

SUBJECT = gettext_noop("Un créneau plus tôt vous est proposé")
SMS = gettext_noop("%(practice)s :%(details)s %(date)s %(time)s à prendre avant %(until)s %(link)s")
KIND = "offered"


def plan_offer(offer: SlotOffer, party: Party, *, url: str) -> None:
    with translation.override(party.language):
        if party.email:
            _by_email(offer, party, url)
        if party.mobile:
            _by_sms(offer, party, url)


def _until(offer: SlotOffer) -> str:
    return clock(timezone.localtime(offer.expires_at, offer.entry.practice.zone))


def _by_email(offer: SlotOffer, party: Party, url: str) -> None:
    practice, start = offer.entry.practice, offer.local_start
    doctor = offer.agenda.practitioner
    facts = [
        Fact(_("Pour"), unlinked(offer.entry.patient.first_name)),
        Fact(_("Avec"), doctor.get_full_name() if doctor else ""),
        Fact(_("Date"), _("%(day)s à %(time)s") % {"day": long_day(start, weekday=True), "time": clock(start)}),
        Fact(_("Réponse attendue avant"), _until(offer)),
    ]
    letter = from_practice(
        practice,
        about=_(SUBJECT),
        paragraphs=[
            _("Bonjour,"),
            _("Un créneau s’est libéré. Il vous est réservé jusqu’à l’heure indiquée."),
        ],
        facts=facts,
        button=Button(_("Répondre"), url),
        small=[_("Sans réponse de votre part, rien ne change.")],
    )
    plan_letter(
        letter,
        to=party.email or "",
        language=party.language,
        expires_at=offer.expires_at,
        about=offer.pk,
        topic=TOPIC,
        kind=KIND,
        practice=practice.pk,
    )


def _by_sms(offer: SlotOffer, party: Party, url: str) -> None:
    practice, start = offer.entry.practice, offer.local_start
    plan_sms(
        to=party.mobile or "",
        subject=_(SUBJECT),
        text=one_segment(
            _(SMS),
            name=practice.name_in_messages,
            details=[[f" {_('créneau libéré,')}", f" {_('créneau')}"]],
            date=f"{start:%d/%m}",
            time=clock(start),
            until=_until(offer),
            link=url,
        ),
        language=party.language,
        expires_at=offer.expires_at,
        about=offer.pk,
        topic=TOPIC,
        kind=KIND,
        account=party.account,
        practice=practice.pk,
    )
