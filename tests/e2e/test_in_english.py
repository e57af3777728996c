"""Scripts use the page's language, and the server's texts."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from accounts.models import User
from docshare.demo.letters import letter
from files.limits import MAX_BYTES
from tests.e2e.conftest import Visitor
from tests.e2e.steps import last_of_durand, sign_in_as_staff

pytestmark = [pytest.mark.slow, pytest.mark.django_db(transaction=True)]


def test_the_share_page_speaks_english(site: str, browser: Browser, tmp_path: Path) -> None:
    User.objects.filter(email="dr.martin@lilas.example").update(language="en")
    doctor = Visitor(browser, site, 1440, 900)
    sign_in_as_staff(doctor, "dr.martin@lilas.example")
    appointment = last_of_durand()
    page = doctor.page
    page.goto(f"{site}/pro/appointments/{appointment.pk}/share/")
    for name, content in {"empty.pdf": b"", "notes.docx": b"PK", "large.pdf": b"0" * (MAX_BYTES + 1)}.items():
        (tmp_path / name).write_bytes(content)
        page.set_input_files("#files", tmp_path / name)
    refused = page.locator("[data-card] [data-error]")
    expect(refused.nth(0)).to_have_text("“empty.pdf” is empty. Check the file, then add it again.")
    expect(refused.nth(1)).to_have_text(
        "“notes.docx” is not of an accepted format. Accepted formats: PDF, BMP, GIF, HEIC, JPEG, PNG and TIFF. "
        "Save it as PDF, then add it."
    )
    expect(refused.nth(2)).to_have_text("“large.pdf” is 51 MB. The limit is 50 MB.")
    for name in ("one.pdf", "two.pdf"):
        (tmp_path / name).write_bytes(letter("Report", ["x"], heading="y"))
        page.set_input_files("#files", tmp_path / name)
    placed = page.locator("[data-said]").nth(3)
    expect(placed).to_have_text("Page 1, 80% from the left, 90% from the top", timeout=20_000)
    expect(page.locator("[data-share-all]")).to_have_text("Share 2 documents with Marie Durand")
    doctor.accessible()
