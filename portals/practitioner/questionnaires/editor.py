"""The editor: the questions of the draft in their order; one page for each question; no script is needed."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.models import User
from portals.answers import done, refusals_shown
from portals.form_errors import refusals_in
from portals.practitioner.confirmation import Question, ask
from portals.practitioner.questionnaires.condition_words import condition_sentence
from portals.practitioner.questionnaires.heading_form import HeadingForm
from portals.practitioner.questionnaires.listing import owned_questionnaire
from portals.practitioner.questionnaires.question_form import KINDS, QuestionForm, SectionForm
from portals.practitioner.staff import frame, staff_only
from portals.questions import decimal_words, option_words
from questionnaires.catalogue import (
    Part,
    Seen,
    change_draft,
    discard_draft,
    faults_before_publishing,
    mark_of,
    move_item,
    publish,
    remove_item,
)
from questionnaires.fhir.editing import (
    Content,
    NoSuchItem,
    heading_of,
    item_of,
    order_around,
    section_of,
    with_all_below,
    with_changed_item,
    with_heading,
    with_item,
)
from questionnaires.fhir.faults import Fault
from questionnaires.fhir.items import Item, Option, Questions, ScoreRange
from questionnaires.fhir.reading import read_draft
from questionnaires.fhir.values import Json, Kind
from questionnaires.models import Questionnaire
from questionnaires.words import words_of

STEPS = {"up": -1, "down": 1}


@dataclass
class Row:
    """One item in the editor. `faults`: what keeps it from being published. `order`: mark of its place among its
    neighbours."""

    item: Item
    kind: str  # in words, and whether it is required
    options: str
    when: str
    faults: list[str]
    is_first: bool
    is_last: bool
    order: str
    below: list[Row] = field(default_factory=list)


@staff_only
@require_safe
def questionnaire(request: HttpRequest, user: User, pk: uuid.UUID) -> HttpResponse:
    found = owned_questionnaire(user, pk)
    questions, faults = read_draft(found.edited), faults_before_publishing(found)
    context = frame(
        request,
        user,
        "settings",
        practice=found.practice,
        questionnaire=found,
        current=found.current,
        questions=questions,
        rows=_rows(found.edited, questions, questions.items, faults),
        faults=[words_of(one) for one in faults if not one.link_id],
        ranges=[_range_words(one) for one in questions.ranges],
        may_publish=bool(found.draft and not faults and questions.items),
        has_faults=bool(faults),
        faulty=[item for item in questions.walk() if item.link_id in {one.link_id for one in faults}],
        seen=mark_of(found.edited),
    )
    return render(request, "practitioner/questionnaires/editor.html", context)


def _kind_words(item: Item, kinds: Mapping[str, str]) -> str:
    words = [kinds[item.kind]]
    if item.required:
        words.append(_("obligatoire"))
    if item.repeats:
        words.append(_("plusieurs réponses"))
    return ", ".join(words)


def _option_words(option: Option) -> str:
    words = option_words(option)
    return words if option.ordinal is None else f"{words} ({decimal_words(option.ordinal)})"


def _rows(edited: Json, questions: Questions, items: Iterable[Item], faults: list[Fault]) -> list[Row]:
    kinds = {str(kind): str(words) for kind, words in KINDS} | {Kind.GROUP: _("Section")}
    listed = tuple(items)
    order = mark_of(edited, partial(order_around, link_id=listed[0].link_id)) if listed else ""
    return [
        Row(
            item,
            _kind_words(item, kinds),
            ", ".join(map(_option_words, item.options)),
            condition_sentence(item, questions),
            [words_of(one) for one in faults if one.link_id == item.link_id],
            is_first=place == 0,
            is_last=place == len(listed) - 1,
            order=order,
            below=_rows(edited, questions, item.items, faults),
        )
        for place, item in enumerate(listed)
    ]


@staff_only
@require_http_methods(["GET", "HEAD", "POST"])
def heading(request: HttpRequest, user: User, pk: uuid.UUID) -> HttpResponse:
    """Title, introduction, and the words for ranges of the score."""
    found = owned_questionnaire(user, pk)
    form = HeadingForm(request.POST or None, questions=read_draft(found.edited))
    if request.method == "POST" and form.is_valid():
        with refusals_in(form):
            change_draft(
                questionnaire=found,
                change=partial(with_heading, **form.heading()),
                by=user,
                seen=_seen(request, heading_of),
            )
            messages.success(request, _("Le brouillon est enregistré."))
            return done("practitioner:questionnaire", pk=found.pk)
    found.refresh_from_db()
    context = frame(
        request,
        user,
        "settings",
        practice=found.practice,
        form=form,
        questionnaire=found,
        seen=mark_of(found.edited, heading_of),
        theirs=heading_of(found.edited),
    )
    return render(request, "practitioner/questionnaires/heading.html", context, status=400 if form.errors else 200)


@staff_only
@require_http_methods(["GET", "HEAD", "POST"])
def new_question(request: HttpRequest, user: User, pk: uuid.UUID) -> HttpResponse:
    found = owned_questionnaire(user, pk)
    questions = read_draft(found.edited)
    section = request.GET.get("section", "")
    if section and section not in questions.by_link_id:
        raise Http404
    form = QuestionForm(request.POST or None, questions=questions, item=None, section=section)

    def add(draft: dict[str, Any]) -> dict[str, Any]:
        return with_item(draft, form.content(), section=form.cleaned_data["section"])[0]

    return _question_page(request, user, found, form, add)


@staff_only
@require_http_methods(["GET", "HEAD", "POST"])
def new_section(request: HttpRequest, user: User, pk: uuid.UUID) -> HttpResponse:
    found = owned_questionnaire(user, pk)
    form = SectionForm(request.POST or None, questions=read_draft(found.edited), item=None)

    def add(draft: dict[str, Any]) -> dict[str, Any]:
        return with_item(draft, form.content())[0]

    return _question_page(request, user, found, form, add)


@staff_only
@require_http_methods(["GET", "HEAD", "POST"])
def question(request: HttpRequest, user: User, pk: uuid.UUID) -> HttpResponse:
    """`item` in the query names the question, because a linkId may contain anything."""
    found = owned_questionnaire(user, pk)
    questions = read_draft(found.edited)
    item = _item(request, questions)
    if item.kind is Kind.GROUP:
        form: QuestionForm | SectionForm = SectionForm(request.POST or None, questions=questions, item=item)
    else:
        within = section_of(found.edited, item.link_id)
        form = QuestionForm(request.POST or None, questions=questions, item=item, section=within)

    def change(draft: dict[str, Any]) -> dict[str, Any]:
        content: Content = form.content()
        return with_changed_item(draft, item.link_id, content, section=form.cleaned_data.get("section"))

    return _question_page(request, user, found, form, change, item)


def _question_page(
    request: HttpRequest,
    user: User,
    found: Questionnaire,
    form: QuestionForm | SectionForm,
    change: Callable[[dict[str, Any]], dict[str, Any]],
    item: Item | None = None,
) -> HttpResponse:
    if request.method == "POST" and form.is_valid():
        with refusals_in(form):
            seen = partial(item_of, link_id=item.link_id) if item else None
            change_draft(questionnaire=found, change=change, by=user, seen=_seen(request, seen))
            messages.success(request, _("Le brouillon est enregistré."))
            return done("practitioner:questionnaire", pk=found.pk)
    is_section = isinstance(form, SectionForm)
    found.refresh_from_db()
    theirs = _as_it_is(found, item)
    if is_section:
        heading = _("Modifier la section") if item else _("Nouvelle section")
    else:
        heading = _("Modifier la question") if item else _("Nouvelle question")
    context = frame(
        request, user, "settings",
        practice=found.practice, form=form, questionnaire=found, heading=heading, is_section=is_section,
        seen=mark_of(theirs), theirs=theirs,
    )  # fmt: skip
    return render(request, "practitioner/questionnaires/question.html", context, status=400 if form.errors else 200)


@staff_only
@require_POST
def move(request: HttpRequest, user: User, pk: uuid.UUID) -> HttpResponse:
    found = owned_questionnaire(user, pk)
    link_id, steps = request.POST.get("item", ""), STEPS.get(request.POST.get("to", ""), 0)
    seen = _seen(request, partial(order_around, link_id=link_id))
    with refusals_shown(request) as shown:
        move_item(questionnaire=found, link_id=link_id, steps=steps, by=user, seen=seen)
    return shown.redirect("practitioner:questionnaire", pk=found.pk)


@staff_only
@require_http_methods(["GET", "HEAD", "POST"])
def remove(request: HttpRequest, user: User, pk: uuid.UUID) -> HttpResponse:
    """Asks first, and says how many questions go."""
    found = owned_questionnaire(user, pk)
    item = _item(request, read_draft(found.edited))
    if request.method != "POST":
        count = sum(one.is_asked for one in item.walk())
        gone = ngettext("%(count)s question est retirée.", "%(count)s questions sont retirées.", count)
        question = Question(
            heading=_("Retirer « %(text)s » ?") % {"text": item.text},
            ends=[gone % {"count": count}, _("Les versions déjà publiées et leurs réponses ne changent pas.")],
            button=_("Supprimer"),
            back=reverse("practitioner:questionnaire", kwargs={"pk": found.pk}),
            section="settings",
            seen=mark_of(found.edited, partial(with_all_below, link_id=item.link_id)),
        )
        return ask(request, user, question, practice=found.practice)
    seen = _seen(request, partial(with_all_below, link_id=item.link_id))
    with refusals_shown(request) as shown:
        remove_item(questionnaire=found, link_id=item.link_id, by=user, seen=seen)
        messages.success(request, _("La question est retirée du brouillon."))
    return shown.redirect("practitioner:questionnaire", pk=found.pk)


@staff_only
@require_POST
def publish_draft(request: HttpRequest, user: User, pk: uuid.UUID) -> HttpResponse:
    found = owned_questionnaire(user, pk)
    with refusals_shown(request) as shown:
        version = publish(questionnaire=found, by=user, seen=request.POST.get("seen", ""))
        messages.success(request, _("La version %(number)s est publiée.") % {"number": version.number})
    return shown.redirect("practitioner:questionnaire", pk=found.pk)


@staff_only
@require_POST
def discard(request: HttpRequest, user: User, pk: uuid.UUID) -> HttpResponse:
    found = owned_questionnaire(user, pk)
    with refusals_shown(request) as shown:
        discard_draft(questionnaire=found, by=user, seen=request.POST.get("seen", ""))
        messages.success(
            request, _("Le brouillon est abandonné : le questionnaire est celui de la dernière version.")
        )
    return shown.redirect("practitioner:questionnaire", pk=found.pk)


def _range_words(one: ScoreRange) -> str:
    low, high = (decimal_words(bound) if bound is not None else "" for bound in (one.low, one.high))
    if not low and not high:
        return one.words
    if not low:
        return _("Jusqu’à %(high)s : %(words)s") % {"high": high, "words": one.words}
    if not high:
        return _("À partir de %(low)s : %(words)s") % {"low": low, "words": one.words}
    return _("De %(low)s à %(high)s : %(words)s") % {"low": low, "high": high, "words": one.words}


def _seen(request: HttpRequest, part: Part | None) -> Seen | None:
    """None for a form that was opened in a release whose pages did not say it."""
    mark = request.POST.get("seen", "")
    return Seen(part, mark) if part and mark else None


def _as_it_is(found: Questionnaire, item: Item | None) -> dict[str, Any]:
    """The item that is edited; empty for a new one, and for one that somebody has removed meanwhile."""
    try:
        return item_of(found.edited, item.link_id) if item else {}
    except NoSuchItem:
        return {}


def _item(request: HttpRequest, questions: Questions) -> Item:
    """Raises Http404."""
    if (item := questions.by_link_id.get(request.GET.get("item", ""))) is None:
        raise Http404
    return item
