"""The steps from a new practice to its first document: what each is for, where it is done, and whether it is done."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.db.models import Exists, OuterRef, Subquery
from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext as _

from accounts.models import User
from appointments.models import Agenda, Closing, VisitReason
from documents.models import AutoSendRule, LibraryDocument, SharedDocument
from practices.models import Membership, Practice, Role
from signing.models import SignatureImage

SETTING_UP = "setting_up"  # in the session: the practice whose steps were shown to this administrator


@dataclass(frozen=True)
class Step:
    heading: str
    what: str
    url: str
    is_done: bool


@dataclass(frozen=True)
class Progress:
    """The first needed step that is not done, and the numbers of needed steps."""

    step: Step
    done: int
    total: int


def progress(practice: Practice, user: User) -> Progress | None:
    """None if every needed step is done, or if the checklist was put away. One query, whatever the practice has."""
    if practice.set_up_at is not None:
        return None
    steps = needed_steps(practice, user)
    left = [one for one in steps if not one.is_done]
    return Progress(left[0], len(steps) - len(left), len(steps)) if left else None


def strip(request: HttpRequest, practice: Practice, user: User, *, administers: bool) -> Progress | None:
    """The progress above each page of an administrator who sets the practice up in this session; None for others, who
    cost no query, and on the pages that show the steps themselves."""
    if not administers or request.session.get(SETTING_UP) != str(practice.pk):
        return None
    if request.path in (reverse("practitioner:agenda"), reverse("practitioner:checklist")):
        return None
    return noted(request, practice, progress(practice, user))


def noted(request: HttpRequest, practice: Practice, progress: Progress | None) -> Progress | None:
    """Note in the session whether this administrator is setting the practice up."""
    wanted = str(practice.pk) if progress else None
    if request.session.get(SETTING_UP) != wanted:  # a session that did not change is not written
        request.session[SETTING_UP] = wanted
    return progress


def needed_steps(practice: Practice, user: User) -> list[Step]:
    """Those without which no signed document reaches a patient."""
    facts = _needed_facts(practice, user)
    agenda = facts["agenda_without_hours"] or facts["agenda"]
    return [
        Step(
            _("Présenter le cabinet"),
            _("Adresse, téléphone, logo, fuseau horaire : les patients les lisent dans chaque message."),
            reverse("practitioner:identity"),
            bool(practice.address and practice.telephone),
        ),
        Step(
            _("Désigner qui signe, inviter l’équipe"),
            _(
                "Un praticien au moins signe. C’est vous ? Cochez « Praticien » sur votre ligne. Les autres "
                "reçoivent une invitation."
            ),
            reverse("practitioner:members"),
            facts["has_practitioner"],
        ),
        Step(
            _("Créer les agendas"),
            _("Un par praticien ou par salle."),
            reverse("practitioner:agendas"),
            facts["agenda"] is not None,
        ),
        Step(
            _("Peindre la semaine"),
            _("Les horaires d’une journée, copiés vers les autres."),
            reverse("practitioner:week", args=[agenda]) if agenda else reverse("practitioner:agendas"),
            agenda is not None and facts["agenda_without_hours"] is None,
        ),
        Step(
            _("Choisir les motifs"),
            _("Ceux de votre spécialité sont prêts : cochez-les."),
            reverse("practitioner:visit-reasons"),
            facts["has_reason"],
        ),
        Step(
            _("Préparer la signature"),
            _("Chaque praticien dessine ou importe la sienne, sur sa page « Ma signature »."),
            reverse("practitioner:signature") if facts["signs"] else reverse("practitioner:members"),
            facts["has_signature"],
        ),
        Step(
            _("S’envoyer un document d’essai"),
            _(
                "Prenez un rendez-vous à votre propre nom, avec votre e-mail et votre mobile, et partagez un PDF : "
                "ouvrez-le ensuite comme un patient."
            ),
            reverse("practitioner:appointment-new"),
            facts["has_shared"],
        ),
    ]


def optional_steps(practice: Practice) -> list[Step]:
    """They can wait: only the page of the checklist asks for them."""
    facts = _facts(
        practice,
        has_closing=Exists(Closing.objects.filter(practice=OuterRef("pk"))),
        has_document=Exists(LibraryDocument.objects.filter(practice=OuterRef("pk"))),
        has_rule=Exists(AutoSendRule.objects.filter(practice=OuterRef("pk"))),
    )
    return [
        Step(
            _("Être trouvé par les patients"),
            _("Qui peut prendre rendez-vous en ligne, et si la recherche montre le cabinet."),
            reverse("practitioner:online-booking"),
            practice.is_listed,
        ),
        Step(
            _("Noter fermetures et jours fériés"),
            _("Les jours fériés du lieu sont proposés."),
            reverse("practitioner:public-holidays"),
            facts["has_closing"],
        ),
        Step(
            _("Ajouter un premier document à la bibliothèque"),
            _("Un plan d’accès, une préparation : importé, ou rédigé ici."),
            reverse("practitioner:library"),
            facts["has_document"],
        ),
        Step(
            _("Écrire une première règle d’envoi"),
            _("Par exemple : envoyer le plan d’accès à chaque prise de rendez-vous."),
            reverse("practitioner:rules"),
            facts["has_rule"],
        ),
    ]


def _needed_facts(practice: Practice, user: User) -> dict[str, Any]:
    agendas = Agenda.objects.filter(practice=OuterRef("pk"), is_active=True).order_by("name", "pk")
    signatures = SignatureImage.objects.filter(
        user__memberships__practice=OuterRef("pk"), user__memberships__is_practitioner=True
    )
    # An automatic sending, which nobody shares and nobody signs, is not the document that the last step is for.
    by_hand = SharedDocument.objects.filter(practice=OuterRef("pk"), shared_by__isnull=False)
    members = Membership.objects.filter(practice=OuterRef("pk"))
    return _facts(
        practice,
        has_practitioner=Exists(members.filter(is_practitioner=True, user__is_active=True)),
        agenda=Subquery(agendas.values("pk")[:1]),
        agenda_without_hours=Subquery(agendas.filter(opening_hours=None).values("pk")[:1]),
        has_reason=Exists(VisitReason.objects.filter(practice=OuterRef("pk"), is_active=True)),
        signs=Exists(Membership.objects.held_by(user, Role.PRACTITIONER).filter(practice=OuterRef("pk"))),
        has_signature=Exists(signatures),
        has_shared=Exists(by_hand),
    )


def _facts(practice: Practice, **asked: Any) -> dict[str, Any]:
    """One query for all of them."""
    return dict(Practice.objects.filter(pk=practice.pk).values(**asked).get())
