"""Likely duplicates: a list, two records side by side, and the way back."""

from __future__ import annotations

import uuid
from datetime import date

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.models import User
from documents.merging.choices import differences
from documents.merging.effects import effects_of_merge
from documents.merging.fuller import is_fuller
from documents.merging.merge import BothHaveAccounts, merge_records
from documents.merging.ties import own_accounts
from documents.merging.unmerge import NothingToUndo, undoable_merge, unmerge_records
from documents.sharing.accesses import accesses_to
from patients.distinct import declare_distinct, undo_distinct
from patients.likely_pairs import Position, likely_pairs, pairs_by_contacts
from patients.models import Patient
from patients.records import check_may_edit
from portals.answers import done, not_done, refusals_shown
from portals.pagination import list_page
from portals.practitioner.accesses import accesses_of
from portals.practitioner.confirmation import Question, ask
from portals.practitioner.merge_effects import EffectWords, effect_words, unread
from portals.practitioner.merge_form import MergeForm
from portals.practitioner.practices import practice_of
from portals.practitioner.staff import frame, patient_of, staff_only
from portals.practitioner.twins import distinguish
from practices.roles import may_share


@staff_only
@require_safe
def duplicates(request: HttpRequest, user: User) -> HttpResponse:
    """Pairs of records that may be of one person."""
    practice = practice_of(request, user)
    after = _position(request.GET.get("after", ""))
    page = likely_pairs(practice, after=after)
    pairs = list_page(request, page.pairs)
    context = frame(
        request,
        user,
        "patients",
        pairs=pairs,
        by_contacts=[] if after or pairs.earlier else pairs_by_contacts(practice),
        after=f"{page.after[0].isoformat()}/{page.after[1]}" if page.after and not pairs.later else "",
        is_first=after is None,
        may_share=may_share(user, practice),
    )
    distinguish(one for pair in [*pairs, *context["by_contacts"]] for one in (pair.one, pair.likeness.patient))
    return render(request, "practitioner/duplicates.html", context)


def _position(written: str) -> Position | None:
    """Raises Http404."""
    if not written:
        return None
    born, _slash, pk = written.partition("/")
    try:
        return date.fromisoformat(born), uuid.UUID(pk)
    except ValueError:
        raise Http404 from None


@staff_only
@require_POST
def distinct(request: HttpRequest, user: User, pk: uuid.UUID) -> HttpResponse:
    """These two records are of two people; with `undo`, they are to be looked at again."""
    one, other = patient_of(user, pk), _other_record(user, request.POST.get("other", ""))
    if request.POST.get("undo"):
        undo_distinct(one=one, other=other, by=user)
        messages.success(request, _("Ces deux fiches peuvent de nouveau être proposées comme doublon."))
    else:
        declare_distinct(one=one, other=other, by=user)
        facts = {"one": one.full_name, "other": other.full_name}
        sentence = _("C’est noté : %(one)s et %(other)s sont deux personnes. Leurs fiches ne sont plus rapprochées.")
        messages.success(request, sentence % facts)
    if request.POST.get("from") == "duplicates":
        return done("practitioner:duplicates")
    return done("practitioner:patient", pk=pk)


@staff_only
@require_http_methods(["GET", "HEAD", "POST"])
def merge(request: HttpRequest, user: User, pk: uuid.UUID) -> HttpResponse:
    """Two records side by side: staff choose each field that differs."""
    kept = patient_of(user, pk)
    other = _other_record(user, request.POST.get("other") or request.GET.get("with", ""))
    check_may_edit(kept.practice, user)
    if kept.pk == other.pk or kept.practice_id != other.practice_id:
        raise Http404
    if request.method != "POST" and "chosen" not in request.GET and is_fuller(other, than=kept):
        return not_done(f"{reverse('practitioner:merge', args=[other.pk])}?with={kept.pk}")
    differing = differences(kept, other)
    distinguish((kept, other))
    form = MergeForm(request.POST or None, differences=differing, kept=kept, other=other)
    refused = str(BothHaveAccounts.words) if len(own_accounts(kept, other)) > 1 else ""
    effects = [] if refused else _effects(kept, other, form)
    asks = unread(effects, request.POST.getlist("read"))
    if request.method == "POST" and form.is_valid() and not asks:
        before = [one for patient in (kept, other) for one in accesses_to(patient)]
        with refusals_shown(request) as refusal:
            stays = merge_records(kept=kept, other=other, from_other=form.from_other(), by=user)
            messages.success(request, _what_merging_did(stays, {one.id for one in before if not one.suspended}))
        if refusal.refusal is None:
            return done("practitioner:patient", pk=pk)
        refused = refusal.refusal.sentence
    context = frame(
        request, user, "patients", practice=kept.practice, kept=kept, other=other, form=form, refused=refused,
        effects=effects, asks=asks and request.method == "POST",
        sides=[(one, accesses_of(one), one.appointments.count()) for one in (kept, other)],
    )  # fmt: skip
    status = 400 if form.errors else 409 if request.method == "POST" else 200
    return render(request, "practitioner/merge.html", context, status=status)


def _effects(kept: Patient, other: Patient, form: MergeForm) -> list[EffectWords]:
    """What the choice does to accesses; [] while nothing is chosen."""
    if not form.fields:
        return effect_words(effects_of_merge(kept=kept, other=other, from_other=()))
    if not form.is_valid():
        return []
    return effect_words(effects_of_merge(kept=kept, other=other, from_other=form.from_other()))


def _what_merging_did(stays: Patient, before: set[uuid.UUID]) -> str:
    merge = undoable_merge(stays)
    sentences = [_("Les deux fiches n’en font plus qu’une : tout est ici.")]
    waiting = [str(one.account) for one in accesses_to(stays) if one.suspended and one.id in before]
    if waiting:
        sentence = _("Doit d’abord vérifier ce que porte la fiche, pour voir la suite : %(names)s.")
        sentences.append(sentence % {"names": ", ".join(waiting)})
    if merge is not None:
        sentences.append(_("Vous pouvez les séparer de nouveau pendant 30 jours."))
    return " ".join(sentences)


@staff_only
@require_http_methods(["GET", "HEAD", "POST"])
def unmerge(request: HttpRequest, user: User, pk: uuid.UUID) -> HttpResponse:
    """Asks first: what goes back, what stays."""
    patient = patient_of(user, pk)
    check_may_edit(patient.practice, user)
    if request.method == "POST":
        with refusals_shown(request) as refusal:
            other = unmerge_records(kept=patient, by=user)
            sentence = _("Les deux fiches sont de nouveau séparées : voici celle qui est revenue.")
            messages.success(request, sentence)
            return done("practitioner:patient", pk=other.pk)
        return refusal.redirect("practitioner:patient", pk=pk)
    merge = undoable_merge(patient)
    if merge is None:
        messages.info(request, str(NothingToUndo.words))
        return not_done("practitioner:patient", pk=pk)
    question = Question(
        heading=_("Séparer de nouveau ces deux fiches ?"),
        ends=[
            _("La fiche %(name)s revient, avec ses rendez-vous, ses documents et ses accès.")
            % {"name": f"« {merge.other.full_name} »"},
            _("Ce qui a été ajouté depuis reste ici, sauf ce qui a été ajouté à ses rendez-vous."),
            _("Chacun voit de nouveau ce qu’il voyait avant. C’est inscrit dans l’historique des deux fiches."),
        ],
        button=_("Séparer les fiches"),
        back=f"/pro/patients/{patient.pk}/",
        section="patients",
    )
    return ask(request, user, question, practice=patient.practice)


def _other_record(user: User, written: str) -> Patient:
    """The other record. Raises Http404."""
    try:
        return patient_of(user, uuid.UUID(written))
    except ValueError:
        raise Http404 from None
