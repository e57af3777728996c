"""The versions of a questionnaire: as a patient sees them, and as FHIR JSON."""

from __future__ import annotations

import uuid

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_http_methods, require_safe

from accounts.models import User
from portals.pagination import list_page
from portals.practitioner.questionnaires.listing import owned_questionnaire
from portals.practitioner.staff import frame, staff_only
from portals.questions import QuestionsForm
from questionnaires.catalogue import faults_before_publishing
from questionnaires.fhir.reading import read_draft
from questionnaires.fhir.scores import score_of


@staff_only
@require_safe
def versions(request: HttpRequest, user: User, pk: uuid.UUID) -> HttpResponse:
    owned = owned_questionnaire(user, pk)
    listed = owned.versions.select_related("created_by")
    context = frame(
        request, user, "settings", practice=owned.practice, questionnaire=owned, versions=list_page(request, listed)
    )
    return render(request, "practitioner/questionnaires/versions.html", context)


@staff_only
@require_safe
def export(request: HttpRequest, user: User, pk: uuid.UUID, number: int) -> HttpResponse:
    """The FHIR R4 resource as it is stored."""
    owned = owned_questionnaire(user, pk)
    version = get_object_or_404(owned.versions, number=number)
    name = f"questionnaire-{owned.pk}-v{version.number}.json"
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    return HttpResponse(version.resource, content_type="application/fhir+json", headers=headers)


@staff_only
@require_http_methods(["GET", "HEAD", "POST"])
def preview(request: HttpRequest, user: User, pk: uuid.UUID, number: int | None = None) -> HttpResponse:
    """All pages on one, to be tried: answers show what they change and are not stored."""
    owned = owned_questionnaire(user, pk)
    if number is not None:
        questions = get_object_or_404(owned.versions, number=number).questions
    elif faults_before_publishing(owned):
        raise Http404  # conditions that cannot be decided
    else:
        questions = read_draft(owned.edited)
    data = request.POST if request.method == "POST" else None
    form = QuestionsForm(data, questions=questions, items=questions.items, answers={})
    answers = form.given() if data is not None else {}
    context = frame(
        request,
        user,
        "settings",
        practice=owned.practice,
        questionnaire=owned,
        questions=questions,
        number=number,
        form=form,
        lines=form.lines(answers),
        score=score_of(questions, answers),
        is_answered=data is not None,
    )
    return render(request, "practitioner/questionnaires/preview.html", context, status=400 if form.errors else 200)
