"""My documents: list, view, download, all in one zip.

Reading is a POST (docs/decisions/0005): a GET changes nothing. The list has a button that opens a document; the page
then shows it, in this session.
"""

from __future__ import annotations

import uuid
from collections.abc import Collection, Iterable, Iterator
from typing import Any, cast

from django import forms
from django.db.models import Model, Prefetch, QuerySet
from django.http import Http404, HttpRequest, HttpResponse, QueryDict, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST, require_safe
from zipstream import ZIP_STORED, ZipStream

from accounts.models import User
from documents.consents.access import consent_of, signer_of
from documents.models import Category, DocumentReading, ReadingMeans, SharedDocument
from documents.sharing.access import of_records, one_as_recipient, records_of_ties, visible_as_recipient
from documents.sharing.former_access import former_practices, practice_of_former
from documents.sharing.reading import note_reading
from files import storage
from files.names import content_disposition, distinct, download_name
from files.serving import respond
from patients.models import Patient, RecordTie, Relationship
from portals.answers import done, not_done
from portals.clock import set_clock
from portals.form_fields import model_field
from portals.page_pictures import page_picture_of, picture_mark, shown_pages
from portals.patient.document_rows import COLUMNS, Listed, by_person
from portals.patient.no_longer import no_longer_shown
from practices.models import Practice
from schema.composed import composed_once

PAGE_SIZE = 50
SHOWN_PAGES = 20  # pictures of pages on one page; a link leads to the others
OPENED = "opened_files"
FILTERS = {"person": "patient", "practice": "practice", "category": "category"}
CHOSEN: dict[str, type[Model]] = {"person": Patient, "practice": Practice, "category": Category}


class FilterForm(forms.Form):
    person = forms.ModelChoiceField(
        Patient.objects.none(), required=False, label=gettext_lazy("Personne"), empty_label=gettext_lazy("Toutes")
    )
    practice = forms.ModelChoiceField(
        Practice.objects.none(), required=False, label=gettext_lazy("Cabinet"), empty_label=gettext_lazy("Tous")
    )
    category = forms.ModelChoiceField(
        Category.objects.none(), required=False, label=gettext_lazy("Catégorie"), empty_label=gettext_lazy("Toutes")
    )

    def __init__(self, data: QueryDict, *, rows: Collection[tuple[uuid.UUID, uuid.UUID, str]]) -> None:
        """`rows`: the patient, the practice and the category of each document, each once."""
        super().__init__(data)
        self._choices = {name: {row[column] for row in rows} for column, name in enumerate(FILTERS)}
        for name, keys in self._choices.items():
            choice = model_field(self, name)
            choice.queryset = CHOSEN[name]._default_manager.filter(pk__in=keys)
            choice.widget.attrs["class"] = "form-select"

    def is_useful(self, name: str) -> bool:
        """Whether there is a choice."""
        return len(self._choices[name]) > 1


@require_safe
def my_documents(request: HttpRequest) -> HttpResponse:
    user = cast("User", request.user)
    ties = _ties_of(user.pk)
    records = records_of_ties(user, ties)
    rows = list(_choices(visible_as_recipient(user))) if records is None else _choices_of_records(user.pk, *records)
    form = FilterForm(request.GET, rows=rows)
    asked = form.cleaned_data if form.is_valid() else {}
    chosen = {name: asked[key] for key, name in FILTERS.items() if asked.get(key)}
    if records is None or chosen or "after" in request.GET:
        visible = visible_as_recipient(user)
        page, has_more = _page_of(visible.filter(**chosen), request.GET.get("after"), visible)
    else:
        page, has_more = _shown(_first_of_records(PAGE_SIZE, user.pk, *records))
    own = {tie.patient_id for tie in ties if tie.relationship == Relationship.SELF}
    return render(
        request,
        "patient/documents.html",
        {
            "section": "documents",
            "suspended": [tie for tie in ties if tie.suspended_at],
            "people": by_person(request, page, own),
            "filters": [form[name] for name in FILTERS if form.is_useful(name) or request.GET.get(name)],
            "formerly": former_practices(user) if not page and not visible_as_recipient(user).exists() else [],
            "is_filtered": any(request.GET.get(name) for name in FILTERS),
            "next_after": page[-1].pk if has_more else None,
        },
    )


@require_safe
def document(request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
    readings = Prefetch("readings", DocumentReading.objects.select_related("reader").order_by("-at"))
    visible = visible_as_recipient(cast("User", request.user)).select_related(
        "practice", "category", "patient", "file", "signed_by", "shared_by"
    )
    shared = visible.prefetch_related(readings).filter(pk=pk).first()
    if shared is None:
        return _no_longer(request, pk)
    set_clock(shared.practice)
    opened = is_opened(request, shared)
    pages = shown_pages(shared, at_most=SHOWN_PAGES) if opened else []
    return render(
        request,
        "patient/document.html",
        {
            "document": shared,
            "opened": opened,
            "pages": pages,
            "mark": picture_mark(request, shared),
            "section": "documents",
            "shown_pages": SHOWN_PAGES,
            **_consent_context(cast("User", request.user), shared),
        },
    )


def _consent_context(user: User, found: SharedDocument) -> dict[str, object]:
    """The signature that it asks for or carries, and whether this account gives or withdraws it."""
    consent = consent_of(found)
    signer = signer_of(user, consent) if consent else None
    return {"consent": consent, "signer": signer}


def _no_longer(request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
    practice = practice_of_former(cast("User", request.user), pk)
    return no_longer_shown(request, practice, template="patient/no_longer.html", section="documents")


@require_POST
def open_document(request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
    """Opens the document, which counts as reading."""
    user = cast("User", request.user)
    shared = one_as_recipient(user, pk)
    if shared is None:
        return _no_longer(request, pk)
    note_reading(documents=[shared], by=user, means=ReadingMeans.VIEWED, as_recipient=True)
    open_in_session(request, shared)
    return done("patient:document", pk=pk)


def is_opened(request: HttpRequest, found: SharedDocument) -> bool:
    """In this session; a file that was replaced since is not."""
    return str(found.file_id) in request.session.get(OPENED, [])


def open_in_session(request: HttpRequest, found: SharedDocument) -> None:
    """The caller has recorded the reading."""
    request.session[OPENED] = [*request.session.get(OPENED, []), str(found.file_id)][-50:]


@require_safe
def page_picture(request: HttpRequest, pk: uuid.UUID, page: int) -> HttpResponse:
    """One page as a picture; only of a document opened in this session."""
    shared = one_as_recipient(cast("User", request.user), pk)
    if shared is None or not is_opened(request, shared):
        raise Http404
    return page_picture_of(request, shared, page)


@require_POST
def download(request: HttpRequest, pk: uuid.UUID) -> HttpResponseBase:
    user = cast("User", request.user)
    shared = one_as_recipient(user, pk)
    if shared is None:
        return _no_longer(request, pk)
    response = respond(shared.file, title=shared.title, request=request)
    note_reading(documents=[shared], by=user, means=ReadingMeans.DOWNLOADED, as_recipient=True)
    return response


@require_POST
def all_as_zip(request: HttpRequest) -> HttpResponseBase:
    """Everything shared with the user, streamed: memory holds one chunk of one file at most."""
    user = cast("User", request.user)
    documents = list(visible_as_recipient(user).select_related("file", "practice").order_by("-shared_at", "-id"))
    if not documents:
        return not_done("patient:documents")
    archive = ZipStream(compress_type=ZIP_STORED)
    taken: set[str] = set()
    for shared in documents:
        storage.check_unchanged(shared.file)
        archive.add(_pieces(shared), arcname=_unique_name(shared, taken), size=shared.file.size)
    note_reading(documents=documents, by=user, means=ReadingMeans.ZIPPED, as_recipient=True)
    response = StreamingHttpResponse(archive, content_type="application/zip")
    today = timezone.localdate(timezone=documents[0].practice.zone)
    name = _("mes-documents-%(date)s.zip") % {"date": today.isoformat()}
    response["Content-Disposition"] = content_disposition(name)
    response["Cache-Control"] = "no-store, private"
    return response


def _pieces(shared: SharedDocument) -> Iterator[bytes]:
    with storage.open_(shared.file) as file:
        while piece := file.read(1 << 16):
            yield piece


def _unique_name(shared: SharedDocument, taken: set[str]) -> str:
    day = timezone.localdate(shared.shared_at, shared.practice.zone).isoformat()
    return distinct(f"{day} {download_name(shared.title, shared.file.media_type)}", taken)


def _page_of(
    found: QuerySet[SharedDocument], after: str | None, visible: QuerySet[SharedDocument]
) -> tuple[list[Listed], bool]:
    """The PAGE_SIZE documents after `after`, by (shared_at, id). Keyset: page 100 costs as much as page 1."""
    try:
        last = visible.filter(pk=uuid.UUID(after)).first() if after else None
    except ValueError:
        last = None
    if last is not None:
        found = found.filter(shared_at__lte=last.shared_at).exclude(shared_at=last.shared_at, pk__gte=last.pk)
    return _shown(_newest(found, PAGE_SIZE))


def _shown(rows: Iterable[tuple[Any, ...]]) -> tuple[list[Listed], bool]:
    page = [Listed(*row) for row in rows]
    return page[:PAGE_SIZE], len(page) > PAGE_SIZE


def _newest(found: QuerySet[SharedDocument], rows: int) -> QuerySet[SharedDocument, tuple[Any, ...]]:
    """One more than `rows`."""
    return found.order_by("-shared_at", "-id").values_list(*COLUMNS)[: rows + 1]


@composed_once
def _first_of_records(
    rows: int, user: uuid.UUID, *records: tuple[uuid.UUID, ...]
) -> QuerySet[SharedDocument, tuple[Any, ...]]:
    return _newest(of_records(user, *records), rows)


def _choices(visible: QuerySet[SharedDocument]) -> QuerySet[SharedDocument, tuple[Any, ...]]:
    """What the filters offer."""
    return visible.order_by().values_list("patient", "practice", "category").distinct()


@composed_once
def _choices_of_records(
    user: uuid.UUID, *records: tuple[uuid.UUID, ...]
) -> QuerySet[SharedDocument, tuple[Any, ...]]:
    return _choices(of_records(user, *records))


@composed_once
def _ties_of(user: uuid.UUID) -> QuerySet[RecordTie]:
    return RecordTie.objects.live().filter(user=user).select_related("patient__practice")
