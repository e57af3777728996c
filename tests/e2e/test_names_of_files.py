"""Files as they are called on people's computers: a PDF without extension is signed, a .jfif is shared."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from appointments.models import Appointment
from docshare.demo.paper import letter
from documents.models import SharedDocument
from tests.documents.files.test_names import picture
from tests.e2e.conftest import Visitor
from tests.e2e.steps import sign_in_as_staff

pytestmark = [pytest.mark.slow, pytest.mark.django_db(transaction=True)]


def test_a_pdf_without_extension_is_signed_and_a_picture_by_another_name_shared(
    site: str, browser: Browser, tmp_path: Path
) -> None:
    doctor = Visitor(browser, site, 1440, 900)
    page = doctor.page
    sign_in_as_staff(doctor, "dr.martin@lilas.example")
    appointment = Appointment.objects.filter(patient__last_name="Durand").order_by("starts_at").last()
    assert appointment
    (tmp_path / "Ordonnance 28.11").write_bytes(letter("Ordonnance", ["x"], heading="y"))
    (tmp_path / "photo.jfif").write_bytes(picture("JPEG"))
    page.goto(f"{site}/pro/appointments/{appointment.pk}/share/")
    page.set_input_files("#files", [str(tmp_path / "Ordonnance 28.11"), str(tmp_path / "photo.jfif")])
    first, second = (page.locator("[data-card]").nth(number) for number in range(2))
    expect(first.locator("[data-stamp]")).to_be_visible(timeout=20_000)
    for card in (first, second):
        card.locator("[data-validate]").click()
        expect(card.locator("[data-receipt], [data-error]:visible").first).to_be_visible(timeout=30_000)
    expect(page.locator("[data-receipt]")).to_have_count(2)
    assert SharedDocument.objects.get(signed_at__isnull=False).name == "Ordonnance 28.11"
    assert SharedDocument.objects.get(signed_at=None).file.media_type == "image/jpeg"
    doctor.accessible()
