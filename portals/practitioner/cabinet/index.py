"""The index of a practice's own pages: what each is for, and its state now."""

from __future__ import annotations

from dataclasses import dataclass

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_safe

from accounts.models import User
from appointments.models import Closing, ReminderPolicy
from appointments.reason_sets import SPECIALTIES
from documents.models import Category
from personal_data.practice_exports import export_of_practice
from portals.practitioner.calendar_words import waiting_calendars
from portals.practitioner.certificate import certificate_facts
from portals.practitioner.practices import administered_practice
from portals.practitioner.staff import frame, staff_only
from portals.templatetags.presentation import colon
from practices.models import BookingOpenTo, Practice


@dataclass(frozen=True)
class Part:
    """`state`: as it is now. `is_waiting`: whether something is missing. `url`: "" for what is only told."""

    heading: str
    what: str
    state: str
    url: str
    is_waiting: bool = False


@dataclass(frozen=True)
class Subject:
    heading: str
    parts: list[Part]


@staff_only
@require_safe
def index(request: HttpRequest, user: User) -> HttpResponse:
    practice = administered_practice(request, user)
    context = frame(request, user, "settings", practice=practice, subjects=subjects_of(practice))
    return render(request, "practitioner/cabinet/index.html", context)


def subjects_of(practice: Practice) -> list[Subject]:
    return [
        Subject(_("Le cabinet"), [_checklist(), _identity(practice), _members(practice), _correspondence(practice)]),
        Subject(
            _("Agendas et rendez-vous"),
            [
                _agendas(practice),
                _reasons(practice),
                _closings(practice),
                _online(practice),
                _unasked(practice),
                _limits(),
                _steps(practice),
            ],
        ),
        Subject(_("Documents"), [_categories(), _questionnaires(practice), _certificate(practice)]),
        Subject(
            _("Intégrations"),
            [_imports(), _calendars(practice), _archive(practice), _tokens(), _webhooks(practice)],
        ),
        Subject(
            _("Contrôle"),
            [
                Part(
                    _("Activité du cabinet"),
                    _("Qui s’est connecté, qui a changé quoi, quand."),
                    "",
                    reverse("practitioner:members-activity"),
                )
            ],
        ),
    ]


def _checklist() -> Part:
    what = _("De l’installation au premier document : ce qui est fait, ce qui reste.")
    return Part(_("Mise en route"), what, "", reverse("practitioner:checklist"))


def _identity(practice: Practice) -> Part:
    names = {
        _("adresse"): practice.address,
        _("téléphone"): practice.telephone,
        _("adresse e-mail"): practice.email,
    }
    missing = [name for name, value in names.items() if not value]
    state = _("Il manque : %(what)s.") % {"what": ", ".join(missing)} if missing else practice.name
    what = _("Nom, adresse, téléphone, fuseau horaire, langue, logo.")
    return Part(_("Identité"), what, state, reverse("practitioner:identity"), bool(missing))


def _members(practice: Practice) -> Part:
    count = practice.memberships.filter(user__is_active=True).count()
    state = ngettext("%(count)s membre.", "%(count)s membres.", count) % {"count": count}
    what = _("Inviter, changer les rôles, donner des jours d’accès, retirer.")
    return Part(_("Membres"), what, state, reverse("practitioner:members"))


def _imports() -> Part:
    what = _("Reprendre les patients et les rendez-vous d’un autre logiciel : CSV, vCard, ICS.")
    return Part(_("Importer des données"), what, "", reverse("practitioner:imports"))


def _calendars(practice: Practice) -> Part:
    count, waiting = practice.calendar_subscriptions.count(), waiting_calendars(practice)
    state = ngettext("%(count)s calendrier suivi.", "%(count)s calendriers suivis.", count) % {"count": count}
    if waiting:
        state = " ".join(f"{one.name}{colon()}{said.words}." for one, said in waiting)
    what = _("Suivre l’agenda d’un autre logiciel, lu toutes les dix minutes.")
    return Part(
        _("Calendriers suivis"), what, state if count else "", reverse("practitioner:calendars"), bool(waiting)
    )


def _archive(practice: Practice) -> Part:
    export = export_of_practice(practice)
    what = _("Emporter tout ce qui appartient au cabinet : tableaux, documents, et de quoi le reprendre ailleurs.")
    state = _("Archive %(state)s.") % {"state": export.get_state_display()} if export else ""
    return Part(_("Archive du cabinet"), what, state, reverse("practitioner:practice-archive"))


def _tokens() -> Part:
    what = _("Des logiciels agissent en votre nom.")
    return Part(_("Jetons d’API"), what, "", reverse("practitioner:tokens"))


def _webhooks(practice: Practice) -> Part:
    count = practice.webhook_endpoints.count()
    state = ngettext("%(count)s logiciel prévenu.", "%(count)s logiciels prévenus.", count) % {"count": count}
    what = _("Prévenir les logiciels du cabinet de ce qui se passe ici (webhooks).")
    return Part(_("Logiciels à prévenir"), what, state if count else "", reverse("practitioner:webhooks"))


def _correspondence(practice: Practice) -> Part:
    reminders = ReminderPolicy.of(practice)
    reminded = bool(reminders.email_hours or reminders.sms_hours)
    return Part(
        _("Messages et rappels"),
        _("Nom de l’expéditeur, réponses, pied des e-mails, rappels, la nuit, documents non lus."),
        _("Envoyés au nom de « %(name)s », avec des rappels.") % {"name": practice.name_in_messages}
        if reminded
        else _("Envoyés au nom de « %(name)s », sans rappel.") % {"name": practice.name_in_messages},
        reverse("practitioner:settings-messages"),
    )


def _agendas(practice: Practice) -> Part:
    opened = practice.agendas.filter(is_active=True)
    count, without = opened.count(), opened.filter(opening_hours=None).count()
    state = ngettext("%(count)s agenda ouvert.", "%(count)s agendas ouverts.", count) % {"count": count}
    if not count:
        state = _("Aucun agenda ouvert : créez le premier.")
    elif without:
        missing = ngettext("%(count)s sans horaires.", "%(count)s sans horaires.", without) % {"count": without}
        state = f"{state} {missing}"
    what = _("Un agenda par praticien ou par salle, ses horaires de la semaine, son adresse de vidéo.")
    return Part(_("Agendas et horaires"), what, state, reverse("practitioner:agendas"), not count or bool(without))


def _reasons(practice: Practice) -> Part:
    count = practice.visit_reasons.filter(is_active=True).count()
    state = ngettext("%(count)s motif proposé.", "%(count)s motifs proposés.", count) % {"count": count}
    if not count:
        names = ", ".join(str(one.name) for one in SPECIALTIES[:3])
        state = _("Aucun motif : prenez ceux de votre spécialité (%(names)s…).") % {"names": names}
    what = _("Pourquoi l’on vient, combien de temps, au cabinet ou en vidéo.")
    return Part(_("Motifs de consultation"), what, state, reverse("practitioner:visit-reasons"), not count)


def _closings(practice: Practice) -> Part:
    count = Closing.objects.filter(practice=practice).to_come().count()
    state = ngettext("%(count)s fermeture prévue.", "%(count)s fermetures prévues.", count) % {"count": count}
    return Part(
        _("Fermetures et jours fériés"),
        _("Congés, travaux, jours fériés du lieu : pour le cabinet ou pour un agenda."),
        state if count else _("Aucune fermeture prévue."),
        reverse("practitioner:closings"),
    )


def _online(practice: Practice) -> Part:
    whom = BookingOpenTo(practice.booking_open_to)
    return Part(
        _("Réservation en ligne"),
        _("À qui elle est ouverte."),
        _("Ouverte à : %(whom)s.") % {"whom": whom.label[:1].lower() + whom.label[1:]},
        reverse("practitioner:online-booking"),
    )


def _unasked(practice: Practice) -> Part:
    state = _("Acceptés sans demande.") if practice.takes_unasked else _("Sur demande seulement.")
    what = _("Si un patient peut envoyer un document que personne n’a demandé.")
    return Part(_("Documents des patients"), what, state, reverse("practitioner:unasked"))


def _limits() -> Part:
    what = _("Combien de rendez-vous un compte peut prendre, combien de SMS partent.")
    return Part(_("Limites des réservations et des SMS"), what, "", reverse("practitioner:limits"))


def _steps(practice: Practice) -> Part:
    count = practice.instructions.count()
    state = ngettext("%(count)s consigne.", "%(count)s consignes.", count) % {"count": count}
    what = _("Ce que le patient apporte ou fait avant de venir.")
    url = reverse("practitioner:instructions")
    return Part(_("Consignes aux patients"), what, state if count else _("Aucune consigne."), url)


def _categories() -> Part:
    names = ", ".join(one.label for one in Category.objects.filter(is_active=True)[:4])
    what = _("Les mêmes pour tous les cabinets du site, pour que les patients s’y retrouvent.")
    return Part(_("Catégories de documents"), what, f"{names}…", "")


def _questionnaires(practice: Practice) -> Part:
    count = practice.questionnaires.filter(archived_at=None).count()
    sentence = ngettext("%(count)s questionnaire", "%(count)s questionnaires", count) % {"count": count}
    what = _("Les questions posées aux patients avant leur visite : sections, choix, conditions, score.")
    return Part(_("Questionnaires"), what, sentence if count else _("Aucun"), reverse("practitioner:questionnaires"))


def _certificate(practice: Practice) -> Part:
    facts = certificate_facts(practice)
    state = _("Un certificat du cabinet signe.") if facts else _("Chaque praticien signe avec son propre certificat.")
    what = _("Celui qui signe les documents, si le cabinet en a un.")
    return Part(_("Certificat de signature"), what, state, reverse("practitioner:practice-certificate"))
