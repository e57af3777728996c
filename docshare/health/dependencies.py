"""Judges the installation's dependencies: mail, SMS, scanner, time-stamps, keys, certificates."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.conf import settings
from django.db.models import Min
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from docshare.health import probes
from docshare.health.findings import Finding, State
from docshare.health.keys import faults_of_keys
from docshare.health.names import name_of
from docshare.health.running import LATE, ill, moment, well
from notifications.models import Channel, Message, MessageState
from signing.models import KeyPlace, SigningCredential

SOON = timedelta(days=14)
HOUR = timedelta(hours=1)
FEW = 5  # failed messages, which may be wrong addresses


def outbox(beats: dict[str, datetime]) -> Finding:
    """How long the oldest message has waited since its planned time."""
    now = timezone.now()
    waiting = Message.objects.waiting_since_planned(now)
    oldest: datetime | None = waiting.aggregate(oldest=Min("planned"))["oldest"]
    if oldest is None:
        return well("outbox", _("Aucun message n’attend."))
    count = waiting.count()
    sentence = ngettext(
        "%(count)s message attend depuis le %(moment)s.",
        "%(count)s messages attendent, le plus ancien depuis le %(moment)s.",
        count,
    )
    facts = {"count": count, "moment": moment(oldest)}
    return (ill if now - oldest > LATE else well)("outbox", sentence % facts)


def mail(beats: dict[str, datetime]) -> Finding:
    return _channel("mail", Channel.EMAIL, settings.EMAIL_URL, beats)


def sms(beats: dict[str, datetime]) -> Finding:
    return _channel("sms", Channel.SMS, settings.SMS_URL, beats)


def _channel(part: str, channel: Channel, url: str, beats: dict[str, datetime]) -> Finding:
    """Judge a channel by its probe, if there is one, and by the results of the last hour's messages."""
    if not url:
        return _off(part, _("Non configuré : les messages sont écrits dans des fichiers."))
    if part in probes.probes() and probes.missing(part, beats):
        return ill(part, _("Ne répond pas."))
    ended = Message.objects.filter(channel=channel, created_at__gte=timezone.now() - HOUR)
    failed = ended.filter(state=MessageState.FAILED).count()
    if failed >= FEW and failed > ended.exclude(state=MessageState.QUEUED).count() / 2:
        return ill(part, _("Plus de la moitié des messages de la dernière heure ont échoué."))
    if part not in probes.probes():
        return well(part, _("Ne peut être interrogé sans envoyer ; aucun échec anormal depuis une heure."))
    return _probed(part, beats)


def scanner(beats: dict[str, datetime]) -> Finding:
    if not settings.CLAMD_URL:
        return _off("scanner", _("Non configuré : les documents reçus ne sont pas analysés."))
    return _probed("scanner", beats)


def timestamps(beats: dict[str, datetime]) -> Finding:
    if not settings.TSA_URL:
        return _off("timestamps", _("Non configuré : les signatures ne sont pas horodatées."))
    return _probed("timestamps", beats)


def keys(beats: dict[str, datetime]) -> Finding:
    if probes.missing("keys", beats) and (faults := list(faults_of_keys())):
        return ill("keys", " ".join(faults))
    return _probed("keys", beats)


def tls(beats: dict[str, datetime]) -> Finding:
    if not settings.SECURE:
        return _off("tls", _("PUBLIC_URL commence par http:// : rien n’est chiffré en chemin."))
    if probes.missing("tls", beats):
        return ill("tls", _("Le certificat de l’adresse publique n’est pas valable."))
    ends = probes.tls_ends()
    if ends is None:
        sentence = _("Pas encore interrogé, ou hors d’atteinte depuis les workers.")
        return Finding("tls", name_of("tls"), State.UNKNOWN, sentence)
    sentence = _("Valable jusqu’au %(moment)s.") % {"moment": moment(ends)}
    return (ill if ends - timezone.now() < SOON else well)("tls", sentence)


def certificates(beats: dict[str, datetime]) -> Finding:
    """Certificates that practitioners and practices imported; ours are replaced automatically."""
    brought = SigningCredential.objects.filter(retired_at=None).exclude(key_place=KeyPlace.AUTHORITY)
    soon = brought.filter(not_after__lt=timezone.now() + SOON)
    count, first = soon.count(), brought.aggregate(first=Min("not_after"))["first"]
    if first is None:
        return well("certificates", _("Aucun certificat importé ; ceux du site se renouvellent seuls."))
    facts = {"count": count, "moment": moment(first)}
    if not count:
        return well("certificates", _("Le premier se termine le %(moment)s.") % facts)
    sentence = ngettext(
        "%(count)s certificat se termine dans moins de deux semaines, ou est terminé : le %(moment)s.",
        "%(count)s certificats se terminent dans moins de deux semaines, ou sont terminés : le premier le "
        "%(moment)s.",
        count,
    )
    return ill("certificates", sentence % facts)


def _off(part: str, sentence: str) -> Finding:
    return Finding(part, name_of(part), State.OFF, sentence)


def _probed(part: str, beats: dict[str, datetime]) -> Finding:
    match probes.missing(part, beats):
        case None:
            return Finding(part, name_of(part), State.UNKNOWN, _("Personne ne l’a interrogé depuis trois minutes."))
        case True:
            return ill(part, _("Ne répond pas."))
    answered = beats[part]
    return well(part, _("A répondu le %(moment)s.") % {"moment": moment(answered)})
