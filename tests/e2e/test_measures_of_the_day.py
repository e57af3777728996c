"""The measures of a working day, counted in Chromium on a practice with eight agendas and a full week.

docs/working_day.md has their table; WORKING_DAY=1 writes it anew, with times.
"""

from __future__ import annotations

import json
import os
import re
from datetime import date, datetime, timedelta
from pathlib import Path

import pytest
from django.conf import settings as site_settings
from django.utils import timezone
from playwright.sync_api import Browser, Page, expect
from pytest_django import Settings

from accounts.models import Scope, User
from accounts.tokens import issue_token
from appointments.booking import book
from appointments.models import Agenda, Appointment, AppointmentSeries, SlotHold, SlotOffer
from appointments.offers import LASTS, offer_url
from appointments.waiting import put_on_list
from docshare.demo.cast import PASSWORD
from docshare.demo.letters import letter
from documents.filling.filled import Filling, Place
from documents.models import Category, LibraryDocument, SharedDocument, Task
from documents.to_sign.preparing import prepare_task
from portals.practitioner.rail_counts import forget_counts
from tests.e2e.conftest import Visitor
from tests.e2e.full_week import FREE, fill_week, sick_note, ten_of
from tests.e2e.hands import SLOW, Keys, Ledger, Mouse
from tests.e2e.steps import sign_in_as_staff
from tests.e2e.test_agenda_drag import middle
from tests.e2e.test_sole_control import leave_for
from tests.settings import STACK

pytestmark = [
    *(pytest.mark.slow, pytest.mark.timeout(600), pytest.mark.django_db(transaction=True)),
    pytest.mark.skipif(bool(STACK), reason="fills a week in this process"),
]
DOCTOR, SECRETARY = "dr.martin@lilas.example", "secretariat@lilas.example"
DOCUMENT = Path(site_settings.BASE_DIR) / "docs" / "working_day.md"
ROW = re.compile(r"^\| ([^|]+?) \| (\d+) \| ([^|]*) \|$", re.MULTILINE)
DROPPED = "One signed PDF, dropped on its appointment in the agenda"
CHOSEN = "One signed PDF, from the agenda without a drop"
PREPARED = "One document prepared by a secretary, from the agenda"
SIGNED = "Ten documents looked at and signed by the doctor"
DROP = """([selector, bytes]) => {
  const data = new DataTransfer();
  data.items.add(new File([new Uint8Array(bytes)], "Ordonnance.pdf", { type: "application/pdf" }));
  const at = document.querySelector(selector);
  for (const kind of ["dragenter", "dragover", "drop"]) {
    at.dispatchEvent(new DragEvent(kind, { dataTransfer: data, bubbles: true, cancelable: true }));
  }
}"""


@pytest.fixture
def monday(site: str) -> date:
    return fill_week()


def prescription(appointment: Appointment) -> bytes:
    return letter("Ordonnance", [appointment.patient.full_name, "Paracétamol 1 g."], heading="Cabinet des Lilas")


def at_work(browser: Browser, site: str, email: str, kind: type[Mouse] = Mouse) -> Mouse:
    hands = kind(Visitor(browser, site, 1440, 900), Ledger())
    sign_in_as_staff(hands.visitor, email)
    return hands


def agenda_of(hands: Mouse, day: date) -> None:
    hands.page.goto(f"{hands.visitor.base}/pro/?date={day}&agenda=mine")
    hands.look()


def confirmed(hands: Mouse, says: str) -> None:
    """The password: the sign-in is older than five minutes."""
    hands.write(hands.page.locator("[data-sign-in-again] [name=password]"), PASSWORD)
    hands.on("[data-sign-in-again] button[type=submit]", says=says)


def shared_and_signed(hands: Mouse) -> None:
    """From the card to the receipt, with the page that was signed."""
    card = hands.page.locator("[data-card]")
    expect(card.locator("[data-stamp]")).to_be_visible(timeout=SLOW)
    hands.look()
    hands.on("[data-share-all]", says="C’est bien vous")
    confirmed(hands, says="est partagé")
    expect(card.locator("[data-receipt]")).to_be_visible(timeout=SLOW)
    expect(card.locator(".receipt-page-signed img")).to_have_js_property("complete", True, timeout=SLOW)
    hands.page.wait_for_load_state("networkidle")


def counted(parts: Ledger, at_most: dict[str, int]) -> None:
    """The bounds hold, and the document has these numbers of actions."""
    for name, most in at_most.items():
        assert parts.parts[name].actions <= most, name
    text = DOCUMENT.read_text()
    rows = {name: (actions, seconds) for name, actions, seconds in ROW.findall(text)}
    if os.environ.get("WORKING_DAY"):
        for name, part in parts.parts.items():
            old, new = f"| {name} | {' | '.join(rows[name])} |", f"| {name} | {part.actions} | {part.seconds:.0f} |"
            text = text.replace(old, new)
        DOCUMENT.write_text(re.sub(r"(?<=measured on )\d{4}-\d\d-\d\d", f"{timezone.localdate():%Y-%m-%d}", text))
        rows = {name: (actions, seconds) for name, actions, seconds in ROW.findall(text)}
    assert {name: str(part.actions) for name, part in parts.parts.items()} == {
        one: rows[one][0] for one in parts.parts
    }


def test_one_signed_pdf_takes_four_actions_with_a_drop_and_six_without(
    site: str, browser: Browser, tmp_path: Path, monday: date
) -> None:
    first, second, *_rest = ten_of(monday)
    drops, chooses = at_work(browser, site, DOCTOR), at_work(browser, site, DOCTOR)
    for hands in (drops, chooses):
        agenda_of(hands, monday)
        leave_for(hands.visitor, 6)
    with drops.ledger.part(DROPPED):
        with drops.ledger.action():
            drops.page.evaluate(DROP, [f"[data-slot='{first.pk}']", list(prescription(first))])
            drops.page.wait_for_url(f"**/appointments/{first.pk}/share/")
        shared_and_signed(drops)
    (tmp_path / "Ordonnance.pdf").write_bytes(prescription(second))
    with chooses.ledger.part(CHOSEN):
        chooses.on(f"[data-slot='{second.pk}']")
        expect(chooses.page.locator("#panel-title")).to_be_focused()
        chooses.follow("Partager des documents", then="Partager des documents")
        chooses.give("#files", "#files", tmp_path / "Ordonnance.pdf")
        shared_and_signed(chooses)
    assert SharedDocument.objects.filter(appointment__in=[first, second], signed_at__isnull=False).count() == 2
    for width in (360, 768, 1440):  # with the words about documents on appointments
        drops.page.goto(f"{site}/pro/?date={monday}&agenda=mine")
        drops.visitor.nothing_covered(width)
    counted(drops.ledger, {DROPPED: 4})
    counted(chooses.ledger, {CHOSEN: 6})
    for hands in (drops, chooses):
        hands.visitor.context.close()


def test_ten_documents_of_a_secretary_are_signed_with_one_password(site: str, browser: Browser, monday: date) -> None:
    """The first is prepared on pages, the others by the same use case."""
    template, ten = sick_note(), ten_of(monday)
    secretary, doctor = at_work(browser, site, SECRETARY), at_work(browser, site, DOCTOR)
    secretary.page.goto(f"{site}/pro/?date={monday}")
    with secretary.ledger.part(PREPARED):
        prepares(secretary, ten[0])
    prepared_besides(template, ten[1:])
    leave_for(doctor.visitor, 6)
    asked: list[str] = []
    doctor.page.on("request", lambda one: asked.append(one.url) if "sign-in-again" in one.url else None)
    agenda_of(doctor, monday)
    with doctor.ledger.part(SIGNED):
        looks_at_ten_and_signs(doctor)
    assert SharedDocument.objects.filter(appointment__in=ten, signed_at__isnull=False).count() == 10
    assert len(asked) == 1
    counted(secretary.ledger, {PREPARED: 6})
    counted(doctor.ledger, {SIGNED: 15})
    for one in (secretary, doctor):
        one.visitor.context.close()


def prepares(hands: Mouse, appointment: Appointment) -> None:
    hands.on(f"[data-slot='{appointment.pk}']")
    expect(hands.page.locator("#panel-title")).to_be_focused()
    hands.follow("Remplir un modèle", then="Remplir un modèle")
    hands.follow("Arrêt de travail", then="Arrêt de travail")
    hands.write_date("Date de fin", appointment.local_start.date() + timedelta(days=3))
    hands.choose("Signature", "À faire signer par Dr Anne Martin")
    hands.on("[data-finish]", says="est à signer par Dr Anne Martin")


def prepared_besides(template: LibraryDocument, appointments: list[Appointment]) -> None:
    by, practitioner = User.objects.get(email=SECRETARY), User.objects.get(email=DOCTOR)
    for one in appointments:
        filling = Filling(
            template.current,
            {"Date de fin": (one.local_start.date() + timedelta(days=3)).isoformat()},
            Category.objects.get(code="certificate"),
            "Arrêt de travail",
            Place(),
        )
        prepare_task(appointment=one, filling=filling, practitioner=practitioner, by=by)
    forget_counts(practitioner)  # more than ten seconds pass in a practice


def looks_at_ten_and_signs(hands: Mouse) -> None:
    page = hands.page
    expect(page.locator(".rail a:has-text('À signer') .count")).to_contain_text("10")
    hands.follow("À signer", then="À signer")
    hands.follow("Regarder le premier", then="Arrêt de travail")
    for left in reversed(range(10)):
        before = page.url
        with hands.ledger.action():
            page.click("[data-look] button")
            expect(page).not_to_have_url(before, timeout=SLOW)
        expect(page.locator(".paper-page :is(img, image)" if left else "[name=task]").first).to_be_visible(
            timeout=SLOW
        )
    hands.look()
    hands.on("main form > button[type=submit]", says="C’est bien vous")
    confirmed(hands, says="10 documents signés et partagés.")


def told_that_it_is_taken(page: Page) -> None:
    expect(page.locator("#doubts")).to_be_visible()
    expect(page.locator("main")).to_contain_text("Un autre patient est déjà prévu")


def test_nobody_books_over_a_taken_time_without_having_been_told(
    site: str, browser: Browser, settings: Settings, monday: date
) -> None:
    """By the pages that book and move, by a series, by dragging, by the API, and by an offer of the waiting list."""
    hands = at_work(browser, site, SECRETARY)
    taken, moved, *_rest = ten_of(monday)
    rows = Appointment.objects.order_by("pk").values_list("pk", "starts_at", "agenda_id")
    before = list(rows)
    books_over(hands, taken)
    hands.page.goto(f"{site}/pro/appointments/{moved.pk}/move/?start={taken.local_start:%Y-%m-%dT%H:%M}")
    told_that_it_is_taken(hands.page)
    hands.look()
    drags_over(hands, moved, taken)
    programs_book_over(site, hands, moved, taken)
    assert list(rows) == before
    phone = Visitor(browser, site, 360, 740)
    an_offer_that_staff_booked_over(hands, phone, taken.agenda, moved)
    hands.visitor.context.close()


def books_over(hands: Mouse, taken: Appointment) -> None:
    """One appointment, then two of a series."""
    page = hands.page
    page.goto(f"{hands.visitor.base}/pro/appointments/new/?start={taken.local_start:%Y-%m-%dT%H:%M}")
    for name, text in (("last_name", "Simon"), ("first_name", "Nadia"), ("birth_date", "1990-05-04")):
        page.fill(f"[name={name}]", text)
    page.select_option("[name=agenda]", str(taken.agenda_id))
    page.select_option("[name=visit_reason]", label="Consultation de suivi")
    page.click("text=Prendre le rendez-vous")
    told_that_it_is_taken(page)
    hands.look()
    page.click("summary:has-text('Plusieurs rendez-vous')")
    page.fill("[name=times]", "2")
    page.click("text=Voir les dates")
    expect(page.locator("h1")).to_contain_text("Dates des rendez-vous")
    expect(page.locator("fieldset").first).to_contain_text("Un autre patient est déjà prévu")
    hands.look()


def drags_over(hands: Mouse, moved: Appointment, taken: Appointment) -> None:
    page = hands.page
    page.goto(f"{hands.visitor.base}/pro/?date={taken.local_start.date()}&agenda={taken.agenda_id}")
    slot = page.locator(f"[data-slot='{moved.pk}']")
    slot.scroll_into_view_if_needed()
    (x, y), (to_x, to_y) = middle(slot), middle(page.locator(f"[data-slot='{taken.pk}']"))
    page.mouse.move(x, y)
    page.mouse.down()
    for part in (1, 2, 3):
        page.mouse.move(x + (to_x - x) * part / 3, y + (to_y - y) * part / 3)
    page.mouse.up()
    page.wait_for_url("**/move/?start=**")
    told_that_it_is_taken(page)


def programs_book_over(site: str, hands: Mouse, moved: Appointment, taken: Appointment) -> None:
    secretary = User.objects.get(email=SECRETARY)
    _token, secret = issue_token(user=secretary, name="Agenda", scopes=tuple(Scope), by=None)
    sent = {"start": taken.local_start.isoformat(), "agenda": str(taken.agenda_id), "accept_doubts": False}
    new = sent | {"visit_reason": str(moved.visit_reason_id), "patient": str(moved.patient_id)}
    for call, address, asked in (
        (hands.page.request.post, "appointments/", new),
        (hands.page.request.patch, f"appointments/{moved.pk}/", sent),
    ):
        headers = {"Authorization": f"Bearer {secret}", "Content-Type": "application/json"}
        answer = call(f"{site}/api/v1/{address}", headers=headers, data=json.dumps(asked))
        assert answer.status == 409
        assert "taken" in answer.text()


def an_offer_that_staff_booked_over(hands: Mouse, phone: Visitor, agenda: Agenda, waiting: Appointment) -> None:
    """Staff who book the offered time are told that it is offered; the patient, that it is no more."""
    secretary, monday = User.objects.get(email=SECRETARY), waiting.local_start.date()
    start = datetime.combine(monday, FREE, agenda.practice.zone)
    reason, end = waiting.visit_reason, start + timedelta(minutes=waiting.visit_reason.duration_minutes)
    entry = put_on_list(patient=waiting.patient, visit_reason=reason, agendas=[agenda], by=secretary)
    until = timezone.now() + LASTS
    hold = SlotHold.objects.create(agenda=agenda, visit_reason=reason, starts_at=start, ends_at=end, expires_at=until)
    offer = SlotOffer.objects.create(
        entry=entry, agenda=agenda, hold=hold, starts_at=start, email=waiting.patient.email, expires_at=until
    )
    page = hands.page
    page.goto(f"{hands.visitor.base}/pro/appointments/{waiting.pk}/move/?start={start:%Y-%m-%dT%H:%M}")
    expect(page.locator("#doubts")).to_be_visible()
    hands.look()
    other = ten_of(monday)[3].patient
    book(agenda=agenda, visit_reason=reason, patient=other, starts_at=start, by=secretary)
    born = waiting.patient.birth_date
    phone.page.goto(offer_url(offer))
    phone.accessible()
    for name, value in (("day", born.day), ("month", born.month), ("year", born.year)):
        phone.page.fill(f"[name={name}]", str(value))
    phone.page.click("text=Accepter ce créneau")
    expect(phone.page.locator("h1")).to_contain_text("n’est plus valable")
    assert Appointment.objects.filter(agenda=agenda, starts_at=start).count() == 1
    phone.context.close()


def test_a_day_by_keyboard_alone(
    site: str, browser: Browser, settings: Settings, tmp_path: Path, monday: date
) -> None:
    """Share, sign and undo; look and sign what was prepared; documents to a day; a series."""
    settings.UNDO_FOR = timedelta(minutes=5)  # Tab by Tab, on a busy machine
    template, (first, second, *_rest) = sick_note(), ten_of(monday)
    prepared_besides(template, [second])
    hands = at_work(browser, site, DOCTOR, Keys)
    agenda_of(hands, monday)
    hands.on(f"[data-slot='{first.pk}']")
    expect(hands.page.locator("#panel-title")).to_be_focused()
    hands.follow("Partager des documents", then="Partager des documents")
    (tmp_path / "Ordonnance.pdf").write_bytes(prescription(first))
    leave_for(hands.visitor, 6)
    hands.give("#files", "#files", tmp_path / "Ordonnance.pdf")
    shared_and_signed(hands)
    hands.press("Annuler le partage", says="personne n’en a été averti")
    assert not SharedDocument.objects.filter(appointment=first).exists()
    hands.follow("À signer", then="À signer")
    hands.follow("Regarder le premier", then="Arrêt de travail")
    hands.press("Regardé, revenir à la liste", then="À signer")
    hands.press("Signer et partager le document regardé", says="1 document signé et partagé.")
    assert Task.objects.get().document
    sends_to_a_day(hands, monday, first)
    books_a_series(hands, monday)
    hands.visitor.context.close()


def sends_to_a_day(hands: Mouse, monday: date, appointment: Appointment) -> None:
    agenda_of(hands, monday)
    hands.follow("Envoyer des documents à plusieurs patients", then="plusieurs patients")
    hands.tick("Plan d’accès au cabinet")
    hands.tick(hands.page.locator(f"[name=appointments][value='{appointment.pk}']"))
    hands.press("Vérifier qui recevra quoi", then="Vérifiez avant d’envoyer")
    hands.press("Partager 1 document", then="Documents envoyés")


def books_a_series(hands: Mouse, monday: date) -> None:
    """From a free time of the agenda."""
    agenda_of(hands, monday)
    hands.on(f"a.gap[href*='T{FREE:%H:%M}']", then="Nouveau rendez-vous")
    for label, text in (("Nom", "Simon"), ("Prénom", "Nadia")):
        hands.write(label, text)
    hands.write_date("Date de naissance", date(1990, 5, 4))
    hands.choose("Motif", "Consultation de suivi")
    hands.on("summary:has-text('Plusieurs rendez-vous')")
    hands.write("Nombre de rendez-vous", "3")
    hands.press("Voir les dates", then="Dates des rendez-vous")
    hands.press("Prendre ces rendez-vous", says="rendez-vous")
    made = AppointmentSeries.objects.get().appointments
    assert made.filter(patient__last_name="Simon").count() == 3
