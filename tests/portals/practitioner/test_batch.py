"""Documents to several patients from the agenda: who may, what the pages say, what a second click does."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.models import User
from appointments.models import Appointment
from documents.library.catalogue import write_document
from documents.models import LibraryDocument, ShareBatch, ShareBatchLine, SharedDocument
from documents.models.batch import LineState
from documents.sharing.batch_sending import send_some
from documents.sharing.batches import draft
from patients.models import Patient
from practices.models import Practice
from tests.conftest import BookFixture
from tests.markup import one_line, page_text

SignIn = Callable[[User], Client]


@pytest.fixture
def day(appointment: Appointment) -> str:
    return f"/pro/day/?date={appointment.local_start.date().isoformat()}"


def anne(name: str, practice: Practice) -> Patient:
    """Without a mobile."""
    return Patient.objects.create(
        practice=practice, first_name="Anne", last_name=name, birth_date="1970-05-06", email="anne@courriel.example"
    )


@pytest.fixture
def nobody(book_for: BookFixture, practice: Practice) -> Appointment:
    return book_for(anne("Petit", practice))


def ticked(*appointments: Appointment, document: LibraryDocument) -> dict[str, Any]:
    return {"documents": [str(document.pk)], "appointments": [str(one.pk) for one in appointments]}


def test_a_secretary_sends_a_document_to_the_day_and_reads_the_receipt(
    day: str,
    appointment: Appointment,
    nobody: Appointment,
    bob: User,
    sign_in: SignIn,
    access_plan: LibraryDocument,
) -> None:
    browser = sign_in(bob)
    agenda = page_text(browser.get(f"/pro/?date={day[-10:]}"))
    assert f'href="{day}"' in agenda
    assert f'href="{day}"' in page_text(browser.get(f"/pro/?date={day[-10:]}&view=week"))
    answer = browser.post(day, {"documents": [str(access_plan.pk)], "everyone": "on"})
    page = answer["Location"]
    shown = page_text(browser.get(page))
    assert "Marie Durand (m•••" in shown
    assert "Il manque des coordonnées" in shown
    assert f"/pro/appointments/{nobody.pk}/share/" in shown  # the way to mend it
    assert not SharedDocument.objects.exists()
    for _click in range(2):
        assert browser.post(f"{page}send/")["Location"] == page
    assert "1 document attend encore" in page_text(browser.get(page))
    assert "hx-get" in page_text(browser.get(f"{page}state/"))
    while send_some():
        continue
    receipt = page_text(browser.get(page))
    assert "1 document partagé." in receipt
    assert "L’envoi est terminé." in receipt
    assert "hx-trigger" not in receipt
    assert SharedDocument.objects.get().appointment == appointment
    history = page_text(browser.get(f"/pro/appointments/{appointment.pk}/history/"))
    assert "Dans un envoi de documents à plusieurs patients." in history
    assert page in page_text(browser.get(day))  # what was sent for this day
    Patient.objects.filter(pk=nobody.patient_id).update(mobile="+33612000001")
    again = browser.post(f"{page}again/")["Location"]
    assert "Partager 1 document" in page_text(browser.get(again))


def test_what_is_ticked_stays_ticked_beside_what_is_missing(
    day: str, appointment: Appointment, alice: User, sign_in: SignIn, access_plan: LibraryDocument
) -> None:
    browser = sign_in(alice)
    answer = browser.post(day, {"documents": [str(access_plan.pk)]})
    assert answer.status_code == 400
    assert "Cochez au moins un rendez-vous, ou tous." in page_text(answer)
    assert re.search(rf'value="{access_plan.pk}"[^>]*checked', answer.content.decode())
    assert "Cochez au moins un document." in page_text(browser.post(day, {"everyone": "on"}))
    assert not ShareBatch.objects.exists()


def test_a_row_is_changed_and_others_see_nothing(
    day: str,
    appointment: Appointment,
    alice: User,
    rita: User,
    charlie: User,
    sign_in: SignIn,
    access_plan: LibraryDocument,
) -> None:
    browser = sign_in(alice)
    page = browser.post(day, ticked(appointment, document=access_plan))["Location"]
    browser.post(f"{page}choose/", {"appointment": str(appointment.pk)})
    assert ShareBatchLine.objects.get().state == LineState.LEFT_OUT
    refused = browser.post(f"{page}send/", follow=True)
    assert "Aucun document n’est prêt à partir" in page_text(refused)
    assert [sign_in(charlie).get(one).status_code for one in (page, f"{page}state/")] == [404, 404]
    assert sign_in(charlie).post(f"{page}send/").status_code == 404
    assert sign_in(rita).get(day).status_code == 403
    assert sign_in(rita).post(f"{page}send/").status_code == 403
    assert "Partager" not in re.findall(r"<button[^>]*>([^<]*)", page_text(sign_in(rita).get(page)))


def test_another_practices_appointment_and_document_are_no_choice(
    day: str, appointment: Appointment, charlie: User, sign_in: SignIn, access_plan: LibraryDocument
) -> None:
    answer = sign_in(charlie).post(day, ticked(appointment, document=access_plan))
    assert answer.status_code == 400 or "Location" not in answer
    assert not ShareBatch.objects.exists()


def test_a_page_of_many_rows_costs_as_many_queries_as_one_of_few(
    day: str,
    appointment: Appointment,
    book_for: BookFixture,
    practice: Practice,
    alice: User,
    sign_in: SignIn,
    access_plan: LibraryDocument,
) -> None:
    browser, counts = sign_in(alice), []
    more = [book_for(anne(name, practice)) for name in ("Petit", "Grand", "Moyen")]
    for booked in ([appointment], [appointment, *more]):
        page = browser.post(day, ticked(*booked, document=access_plan))["Location"]
        with CaptureQueriesContext(connection) as queries:
            browser.get(page)
        counts.append(len(queries))
    assert counts[0] == counts[1]


def test_a_document_with_blanks_is_not_offered_to_several_patients_and_the_page_says_where_to_fill_it(
    day: str,
    appointment: Appointment,
    practice: Practice,
    alice: User,
    carol: User,
    sign_in: SignIn,
    access_plan: LibraryDocument,
) -> None:
    note = write_document(
        practice=practice,
        body="<p>{{ patient_name }} : arrêt jusqu’au {{ ? Date de fin | date }}.</p>",
        title="Arrêt de travail",
        category=access_plan.category,
        by=carol,
    )
    browser = sign_in(alice)
    page = browser.get(day)
    shown = one_line(page.content)
    assert f'id="to-fill-{note.pk}" disabled' in shown
    assert f'value="{note.pk}"' not in shown
    assert "Remplir un modèle" in page_text(page)
    answer = browser.post(day, ticked(appointment, document=note))  # it got its blanks after the page was shown
    assert answer.status_code == 400
    assert "des blancs à remplir" in page_text(answer)
    assert not ShareBatch.objects.exists()
    access_plan.archived_at = timezone.now()
    access_plan.save()
    alone = browser.get(day)
    assert "Remplir un modèle" in page_text(alone)
    assert "Vérifier qui recevra quoi" not in page_text(alone)  # nothing to choose


def test_a_batch_of_many_lines_is_paged_and_every_page_stays_small(
    appointment: Appointment, book_for: BookFixture, practice: Practice, alice: User, sign_in: SignIn, receive: Any,
    access_plan: LibraryDocument, carol: User,
) -> None:  # fmt: skip
    documents = [
        write_document(
            practice=practice, body=f"<p>{number}</p>", title=f"Document préparatoire à l’examen, numéro {number}",
            category=access_plan.category, by=carol,
        )
        for number in range(9)
    ]  # fmt: skip
    day = [book_for(anne(f"Petit-Dupont {number:02}", practice)) for number in range(40)]
    ready = Patient.objects.filter(pk__in=[one.patient_id for one in day[20:]])
    ready.update(mobile="+33612000001")
    made = draft(
        practice=practice,
        day=appointment.local_start.date(),
        appointments=day,
        documents=[access_plan, *documents],
        by=alice,
    )
    browser, address = sign_in(alice), f"/pro/batches/{made.pk}/"

    def pages() -> list[str]:
        first = browser.get(address)
        count = first.context["page"].paginator.num_pages
        found = [browser.get(f"{address}?page={number + 1}") for number in range(count)]
        assert max(len(one.content) for one in (first, *found)) < 150_000
        return [one.content.decode() for one in found]

    shown = pages()
    assert len(shown) > 3
    for one in day:
        assert len([page for page in shown if f'href="/pro/appointments/{one.pk}/"' in page]) == 1
    assert all(
        "Partager 200 documents" in " ".join(page.split()) for page in shown
    )  # the whole, whichever page it is
    assert "Page suivante" in shown[0]
    assert "Page précédente" in shown[-1]
    answer = browser.post(f"{address}choose/", {"appointment": str(day[-1].pk), "document": "", "page": "3"})
    assert answer["Location"] == f"{address}?page=3"
    for asked in ("0", "999", "x"):
        assert browser.get(f"{address}?page={asked}").status_code == 200
    browser.post(f"{address}send/")
    assert len(pages()) > 3
    assert "?page=2" in browser.get(f"{address}state/?page=2").content.decode()
