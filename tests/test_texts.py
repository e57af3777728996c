"""Every text in both languages: none missing in English, none left in French, none typed carelessly."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import allauth
import polib
import pytest
from django.conf import settings
from django.core.management import call_command
from django.core.management.commands import makemessages
from django.test import Client
from django.utils import translation
from django.utils.translation import gettext

from accounts.models import User
from appointments.models import Appointment

CATALOGUE = Path(settings.LOCALE_PATHS[0]) / "en" / "LC_MESSAGES" / "django.po"


def entries() -> list[polib.POEntry]:
    return list(polib.pofile(str(CATALOGUE)))


def test_english_is_complete() -> None:
    assert [entry.msgid for entry in entries() if not entry.translated()] == []


class MakeMessagesElsewhere(makemessages.Command):
    """Writes into a folder of its own: others may be reading the catalogue."""

    def __init__(self, folder: Path) -> None:
        super().__init__()
        self.folder = str(folder)

    def find_files(self, root: str) -> list[makemessages.TranslatableFile]:
        self.locale_paths = [self.folder]
        self.default_locale_path = self.folder
        return super().find_files(root)


def test_the_catalogue_has_every_text(tmp_path: Path) -> None:
    """What makemessages would extract today is what the catalogue has."""
    copy = tmp_path / CATALOGUE.relative_to(CATALOGUE.parents[2])
    copy.parent.mkdir(parents=True)
    copy.write_bytes(CATALOGUE.read_bytes())
    ignored = ["locale", "node_modules", ".venv", "tests", "data"]
    call_command(
        MakeMessagesElsewhere(tmp_path), locale=["en"], no_location=True, no_obsolete=True, no_wrap=True,
        ignore_patterns=ignored, verbosity=0,
    )  # fmt: skip
    extracted = {(entry.msgctxt, entry.msgid) for entry in polib.pofile(str(copy))}
    assert extracted == {(entry.msgctxt, entry.msgid) for entry in entries()}


def test_french_has_its_no_break_spaces() -> None:
    careless = re.compile(r"\w [:;?!](\s|$)|« | »")
    assert [entry.msgid for entry in entries() if careless.search(entry.msgid)] == []


def test_pages_in_english_leave_no_french(
    bob: User, appointment: Appointment, sign_in: Callable[[User], Client]
) -> None:
    """Long French texts of the catalogue appear on no page that an English-speaking account opens."""
    User.objects.update(language="en")
    bob.refresh_from_db()
    browser = sign_in(bob)
    french = [entry.msgid for entry in entries() if len(entry.msgid) > 12 and entry.msgid != entry.msgstr]
    one = f"/pro/appointments/{appointment.pk}/"
    for address in ("/pro/", one, f"{one}share/", f"{one}history/", f"{one}delete/", "/pro/library/", "/my-account/"):
        page = browser.get(address).content.decode()
        assert 'lang="en"' in page
        assert [text for text in french if text in page] == [], address


@pytest.mark.django_db
def test_a_browser_that_asks_for_english_gets_it_before_signing_in() -> None:
    page = Client().get("/account/login/", headers={"Accept-Language": "en-GB"}).content.decode()
    assert "Did a practice send you a message?" in page
    assert "Vous avez reçu un message d’un cabinet\u00a0?" in Client().get("/account/login/").content.decode()


def test_what_packages_say_in_french_is_said_in_our_words() -> None:
    with translation.override("fr"):
        assert gettext("Confirm Access") == "Confirmez que c’est vous"
    theirs = polib.pofile(str(Path(allauth.__file__).parent / "locale" / "fr" / "LC_MESSAGES" / "django.po"))
    ours = polib.pofile(str(CATALOGUE.parents[2] / "fr" / "LC_MESSAGES" / "django.po"))
    assert {entry.msgid for entry in ours} - {entry.msgid for entry in theirs} == set()
