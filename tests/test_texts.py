"""Every text in both languages: none missing in English, none left in French, no typographic errors."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import allauth
import django
import polib
import pytest
from django.apps import apps
from django.conf import settings
from django.core.management import call_command
from django.core.management.commands import makemessages
from django.test import Client
from django.utils import translation
from django.utils.translation import gettext

from accounts.models import User
from appointments.models import Appointment
from notifications.wording import of

CATALOGUE = Path(settings.LOCALE_PATHS[0]) / "en" / "LC_MESSAGES" / "django.po"
FRENCH = CATALOGUE.parents[2] / "fr" / "LC_MESSAGES" / "django.po"
TAG = re.compile(r"<[^>]*>")
NOT_READ = re.compile(r"{#.*?#}|{% comment.*?endcomment %}|<(script|style)\b.*?</\1>", re.DOTALL)
SPOKEN = re.compile(r"{%\s*translate\s+([\"'])(.*?)\1")
CODE = re.compile(r"{%.*?%}|{{.*?}}|<[^>]*>", re.DOTALL)


def entries() -> list[polib.POEntry]:
    return list(polib.pofile(str(CATALOGUE)))


def test_english_is_complete() -> None:
    assert [entry.msgid for entry in entries() if not entry.translated()] == []


class MakeMessagesElsewhere(makemessages.Command):
    """Writes into its own folder: other processes may be reading the catalogue."""

    def __init__(self, folder: Path) -> None:
        super().__init__()
        self.folder = str(folder)

    def find_files(self, root: str) -> list[makemessages.TranslatableFile]:
        self.locale_paths = [self.folder]
        self.default_locale_path = self.folder
        return super().find_files(root)


def test_the_catalogue_has_every_text(tmp_path: Path) -> None:
    """The catalogue has exactly what makemessages would extract."""
    copy = tmp_path / CATALOGUE.relative_to(CATALOGUE.parents[2])
    copy.parent.mkdir(parents=True)
    copy.write_bytes(CATALOGUE.read_bytes())
    ignored = ["locale", "node_modules", ".venv", "tests", "data"]
    call_command(
        MakeMessagesElsewhere(tmp_path), locale=["en"], no_location=True, no_obsolete=True, no_wrap=True,
        ignore_patterns=ignored, verbosity=0,
    )  # fmt: skip
    extracted = {(entry.msgctxt, entry.msgid) for entry in polib.pofile(str(copy))}
    there = {(entry.msgctxt, entry.msgid) for entry in entries()}
    assert extracted == there, "run makemessages, then translate (docs/developing.md, a text)"


def test_french_has_its_no_break_spaces() -> None:
    careless = re.compile(r"\w [:;?!](\s|$)|« | »")
    wrong = [ascii(entry.msgid) for entry in entries() if careless.search(entry.msgid)]
    assert wrong == [], "write U+00A0 before : ; ? ! and inside « », in the code and in the catalogue"


def test_pages_in_english_leave_no_french(
    bob: User, appointment: Appointment, sign_in: Callable[[User], Client]
) -> None:
    """No page of an English-speaking account contains long French texts of the catalogue."""
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
    ours = polib.pofile(str(FRENCH))
    assert {entry.msgid for entry in ours} - {entry.msgid for entry in french_of_packages()} == set()


def french_of_packages() -> list[polib.POEntry]:
    """Texts of packages with a user interface: Django's installed parts, and allauth."""
    applications = [Path(one.path) for one in apps.get_app_configs()]
    places = [Path(django.__file__).parent / "conf", Path(allauth.__file__).parent, *applications]
    files = {one / "locale" / "fr" / "LC_MESSAGES" / "django.po" for one in places}
    return [
        entry for file in sorted(files) if file.exists() for entry in polib.pofile(str(file)) if not entry.obsolete
    ]


def said_by(entry: polib.POEntry) -> list[str]:
    return [entry.msgstr, *entry.msgstr_plural.values()]


def test_no_text_has_a_typewriters_apostrophe() -> None:
    texts = [text for entry in entries() for text in (entry.msgid, entry.msgid_plural, *said_by(entry))]
    texts += [text for entry in polib.pofile(str(FRENCH)) for text in said_by(entry)]
    assert [text for text in texts if "'" in TAG.sub("", text)] == []


def test_no_template_has_a_typewriters_apostrophe_in_what_is_read() -> None:
    # By suffix: another test's makemessages creates and deletes temporary files beside them.
    templates = [one for one in Path(settings.BASE_DIR, "templates").rglob("*") if one.suffix in {".html", ".txt"}]
    assert len(templates) > 100
    found = {}
    for template in templates:
        text = NOT_READ.sub(" ", template.read_text())
        spoken = [one for _quote, one in SPOKEN.findall(text)]
        spoken += [CODE.sub(" ", text)]
        if wrong := [one for one in spoken if "'" in one]:
            found[template.name] = wrong
    assert found == {}


def test_packages_speak_french_with_its_apostrophes() -> None:
    """The admin, createsuperuser, signing in: our catalogue overrides texts with typewriter apostrophes."""
    ours = {(entry.msgctxt, entry.msgid) for entry in polib.pofile(str(FRENCH))}
    theirs = [entry for entry in french_of_packages() if not entry.fuzzy and "'" in "".join(said_by(entry))]
    assert len(theirs) > 50
    assert [entry.msgid for entry in theirs if (entry.msgctxt, entry.msgid) not in ours] == []


# Words that lose their vowel before a name; except before numbers.
BEFORE_A_NAME = re.compile(r"\b(?:de|que|lorsque|puisque|jusque|quoique) %\((\w+)\)s", re.IGNORECASE)
NO_NAMES = {"named", "before", "low", "detail"}  # the last two are numbers


# A number, then a noun or an adjective in the plural.
PLURAL_AFTER_A_NUMBER = re.compile(r"%\(\w+\)[ds][ \u00a0](\w+[sx])\b")
NO_PLURAL = {"les", "dans", "vous", "inclus", "après", "fois"}
# The number is a bound that is written in the code, and more than one: no reader meets another.
OF_A_FIXED_NUMBER = {
    "%(free)s libres sur %(total)s.",  # a size with its unit
    "Ce calendrier a plus de %(count)d dates.",
    "Ce certificat se termine dans %(days)s jours.",  # two at least
    "Ce fichier a plus de %(count)d colonnes.",
    "Ce fichier a plus de %(count)d lignes\u00a0: partagez-le en plusieurs.",
    "Cherchez avec %(words)d mots au plus, et %(length)d caractères au plus.",
    "C’est trop long\u00a0: %(most)d caractères et %(lines)d lignes au plus.",
    "C’est trop long\u00a0: abrégez, %(most)d caractères au plus.",
    "Donnez %(most)d plages au plus.",
    "Donnez une durée de %(first)d à %(last)d minutes.",
    "Il y a plus de %(most)d caractères avant le @\u00a0: aucune adresse n’en a tant. Vérifiez-la.",
    "L’adresse e-mail a plus de %(most)d caractères\u00a0: vérifiez-la.",
    "Le disque est plein (%(free)s libres sur %(total)s)\u00a0: aucun document n’est accepté.",  # the same
    "Le nom ou le prénom dépasse %(count)d caractères.",
    "Les %(listed)s premiers sont affichés.",
    "Les %(listed)s premières sont affichées.",
    (
        "Les %(most)s premiers rendez-vous de la journée sont dans cette liste\u00a0: "
        "choisissez un agenda pour voir les autres."
    ),
    "Les %(most)s premières fiches\u00a0: précisez la recherche.",
    "Au moins %(count)s documents partagés, du plus récent au plus ancien.",
    "Une des listes compte %(count)s lignes\u00a0: les 50 premières sont affichées.",
    "les %(size)s premiers octets de ce fichier",
    "«\u00a0%(label)s\u00a0» dépasse %(count)s caractères. Raccourcissez ce texte.",
}


def test_a_sentence_with_a_number_inflects() -> None:
    """Its noun is in the plural only beside more than one: by ngettext, or {% plural %} in a template."""
    stiff = {
        entry.msgid
        for entry in entries()
        if not entry.msgid_plural and not NO_PLURAL.issuperset(PLURAL_AFTER_A_NUMBER.findall(entry.msgid))
    }
    assert stiff - OF_A_FIXED_NUMBER == set()
    assert stiff >= OF_A_FIXED_NUMBER  # no exception outlives its sentence


def test_no_text_has_a_word_before_a_name_that_its_vowel_would_cut() -> None:
    """“de %(name)s” would give “de Émile”: notifications.wording.of writes the word with the name."""
    texts = [text for entry in entries() for text in (entry.msgid, entry.msgid_plural) if text]
    found = [text for text in texts for one in BEFORE_A_NAME.findall(text) if one not in NO_NAMES]
    assert found == []
    assert len([text for text in texts if "%(of_" in text]) > 15


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("Marie Durand", "de Marie Durand"), ("Odette", "d’Odette"), ("Émile", "d’Émile"),
        ("E\u0301lise", "d’E\u0301lise"),
        ("Œdipe", "d’Œdipe"), ("Ægidius", "d’Ægidius"), ("amélie", "d’amélie"), ("Yves", "d’Yves"), ("Ysé", "d’Ysé"),
        ("Yasmine", "de Yasmine"), ("Yann", "de Yann"), ("Hugo", "de Hugo"), ("Hassan", "de Hassan"),
        ("Hélène Roy", "d’Hélène Roy"), ("HENRI", "d’HENRI"), ("he\u0301loïse", "d’he\u0301loïse"),
        ("Henri-Paul", "d’Henri-Paul"), ("Hervé", "d’Hervé"), ("Honorine", "d’Honorine"), ("Hugues", "d’Hugues"),
        ("Hugolin", "de Hugolin"), ("Hana", "de Hana"), ("Hal", "de Hal"),
        ("Dr Alice Morel", "de Dr Alice Morel"), ("李华", "de 李华"), ("Y", "de Y"), ("", "de "),
    ],
)  # fmt: skip
def test_a_name_takes_its_word_with_it_in_french_alone(name: str, said: str) -> None:
    assert of(name) == said
    with translation.override("en"):
        assert of(name) == name


@pytest.mark.parametrize(("page", "said"), [("cancel", "Annuler le rendez-vous d’Odette"),
                                            ("delete", "Supprimer le rendez-vous d’Odette")])  # fmt: skip
def test_pages_elide(
    appointment: Appointment, alice: User, sign_in: Callable[[User], Client], page: str, said: str
) -> None:
    appointment.patient.first_name = "Odette"
    appointment.patient.save()
    shown = sign_in(alice).get(f"/pro/appointments/{appointment.pk}/{page}/").content.decode()
    assert said in shown
