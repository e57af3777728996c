"""Answers to a questionnaire as files: a PDF, and FHIR R4 JSON. Drawn for each download, and never stored."""

from __future__ import annotations

import json

from django.http import HttpResponse
from django.utils import timezone, translation
from django.utils.translation import gettext as _

from documents.models import DocumentRequest
from documents.receiving.answers_paper import pdf_of_answers
from files.limits import PDF
from files.names import content_disposition, download_name
from portals.answer_summary import summary_of
from questionnaires.answering import resource_of
from questionnaires.models import QuestionnaireResponse


def answers_as_pdf(request: DocumentRequest) -> HttpResponse:
    """In the language of the practice. Raises QuestionnaireResponse.DoesNotExist, CannotWrite."""
    with translation.override(request.practice.language), timezone.override(request.practice.zone):
        content = pdf_of_answers(summary_of(request), practice=request.practice)
    return _download(content, PDF, download_name(request.label, PDF))


def answers_as_json(request: DocumentRequest) -> HttpResponse:
    """Raises QuestionnaireResponse.DoesNotExist."""
    if request.response is None:
        raise QuestionnaireResponse.DoesNotExist
    content = json.dumps(resource_of(request.response), ensure_ascii=False, indent=2).encode()
    return _download(content, "application/fhir+json", f"{_('réponses')}-{request.response.pk}.json")


def _download(content: bytes, media_type: str, name: str) -> HttpResponse:
    response = HttpResponse(content, content_type=media_type)
    response["Content-Disposition"] = content_disposition(name, inline=False)
    response["Content-Security-Policy"] = "sandbox; default-src 'none'"
    response["X-Content-Type-Options"] = "nosniff"
    response["Cache-Control"] = "no-store, private"
    return response
