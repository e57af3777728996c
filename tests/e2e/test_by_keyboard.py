"""An automatic document by keyboard alone: import, writing, rule, booking, and opening."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Locator, Page, Route, expect

from appointments.models import Appointment
from docshare.demo.cast import PASSWORD
from docshare.demo.letters import letter
from documents.models import AutoSendRule, LibraryDocument, SharedDocument
from documents.sending.autosend import send_due
from tests.e2e.conftest import Visitor
from tests.e2e.steps import deliver, newest_email_to

pytestmark = [pytest.mark.slow, pytest.mark.django_db(transaction=True)]
ADMIN = "admin@lilas.example"
NEWCOMER = "nadia.simon@courriel.example"
# Whether the focused element shows its focus, by itself or by a frame around it, and is on the screen.
SEEN = """() => {
  const here = document.activeElement;
  if (!here || here === document.body) return "nothing has the focus";
  const calendar = here.matches("[type=date], [type=datetime-local]") && !here.matches(":focus");
  if (calendar) return ""; // its button is the browser's own
  const rings = (element) => {
    const style = getComputedStyle(element);
    return style.outlineStyle !== "none" && parseFloat(style.outlineWidth) >= 2;
  };
  const box = here.getBoundingClientRect();
  const told = here.outerHTML.slice(0, 200);
  if (!rings(here) && !rings(here.parentElement)) return `no ring of focus: ${told}`;
  if (!box.width || !box.height || box.bottom <= 0 || box.top >= innerHeight) return `off the screen: ${told}`;
  return "";
}"""
# Detects lost focus, except after leaving the page through the browser's own toolbar.
LOSES = """() => {
  window.lost = [];
  let gone = false;
  document.addEventListener("keydown", (event) => { gone = event.key === "Tab"; });
  document.addEventListener("focusin", () => { gone = false; });
  const look = () => { if (document.activeElement === document.body && !gone) window.lost.push("focus"); };
  const events = ["htmx:afterSettle", "click", "change"];
  for (const name of events) document.addEventListener(name, () => setTimeout(look, 50));
}"""
# A machine so busy that half a second passes between two frames: typing meanwhile must not be lost.
DRAWS_LATE = "() => { window.requestAnimationFrame = (draw) => setTimeout(() => draw(performance.now()), 500); }"
OPENS_DIALOG = """() => {
  window.dialog = false;
  const input = document.querySelector("#library-files");
  input.addEventListener("click", (event) => {
    event.preventDefault();
    window.dialog = navigator.userActivation.isActive;
  }, { once: true });
}"""


class Keyboard:
    """A user without a mouse: presses Tab until the target, and checks that the focus is visible at each stop."""

    def __init__(self, page: Page) -> None:
        self.page = page

    def tab_to(self, target: str | Locator, *, back: bool = False, at_most: int = 80) -> None:
        wanted = (self.page.locator(target) if isinstance(target, str) else target).first
        expect(wanted).to_be_visible()
        for _stop in range(at_most):
            self.page.keyboard.press("Shift+Tab" if back else "Tab")
            if self.page.evaluate("document.activeElement === document.body"):
                continue  # passes through the browser's own toolbar
            assert self.seen() == "", str(target)
            if wanted.evaluate("element => element === document.activeElement"):
                return
        raise AssertionError(f"Tab does not lead to {target}")

    def seen(self) -> str:
        """What is wrong with the focus, once the page has scrolled to it; "" if nothing."""
        for _frame in range(20):
            if not (told := str(self.page.evaluate(SEEN))):
                break
            self.page.wait_for_timeout(50)
        return told

    def press(self, *keys: str) -> None:
        for key in keys:
            self.page.keyboard.press(key)

    def write(self, text: str) -> None:
        self.page.keyboard.type(text)

    def fill(self, target: str, text: str) -> None:
        self.tab_to(target)
        self.write(text)

    def follow(self, target: str, key: str = "Enter") -> None:
        """Go to a link or a button, and press it."""
        self.tab_to(target)
        self.press(key)

    def kept(self) -> None:
        """Check that a change of the page did not lose the focus."""
        assert self.seen() == ""


def sign_in(keys: Keyboard, base: str) -> None:
    keys.page.goto(f"{base}/account/login/")
    keys.fill("[name=login]", ADMIN)
    keys.fill("[name=password]", PASSWORD)
    keys.press("Enter")
    keys.page.wait_for_url("**/pro/")


def import_a_document(keys: Keyboard, paper: Path) -> None:
    """The button opens the computer's file dialog; the card of the import appears, and the focus stays."""
    page = keys.page
    keys.follow(".rail a:has-text('Bibliothèque')")
    page.wait_for_url("**/library/")
    keys.tab_to("[data-browse]")
    choose_file(keys, paper)
    expect(page.locator("[data-cards] > :first-child")).to_contain_text("Conseils de voyage")
    keys.kept()
    cancel_an_import(keys, paper)
    keys.follow("[data-cards] > :first-child a")
    page.wait_for_url("**/library/*-*/")
    expect(page.locator("h1")).to_contain_text("Conseils de voyage")


def choose_file(keys: Keyboard, paper: Path) -> None:
    """The key opens the file dialog, where the file is chosen.

    A user's click on the field opens it. The driver reports the dialog itself in three of four cases only, and a
    headless browser closes it at once.
    """
    page = keys.page
    page.evaluate(OPENS_DIALOG)
    keys.press("Enter")
    page.wait_for_function("window.dialog === true")
    page.set_input_files("#library-files", paper)


def cancel_an_import(keys: Keyboard, paper: Path) -> None:
    """The pressed button disappears, and the one in its place gets the focus; after the last row, focus returns to
    the start."""
    page = keys.page
    held: list[Route] = []
    page.route("**/library/", lambda route: held.append(route))  # a response that never comes
    keys.tab_to("[data-browse]", back=True)
    choose_file(keys, paper)
    keys.follow("[data-imports] [data-cancel]")
    expect(page.locator("[data-imports] [data-retry]")).to_be_focused()
    keys.press("Enter")
    expect(page.locator("[data-imports] [data-cancel]")).to_be_focused()
    keys.press("Enter")
    keys.follow("[data-imports] [data-dismiss]")
    expect(page.locator("[data-browse]")).to_be_focused()
    keys.kept()
    page.unroute("**/library/")
    assert held  # the second may be cancelled before it is sent


def write_a_document(keys: Keyboard) -> None:
    """Heading, bold, list and a field; the toolbar is one tab stop, and Tab leaves the text."""
    page = keys.page
    keys.follow(".rail a:has-text('Bibliothèque')")
    page.wait_for_url("**/library/")
    keys.follow("a:has-text('Rédiger un document')")
    page.wait_for_selector("[data-writing][data-ready]")
    page.evaluate(DRAWS_LATE)
    keys.fill("[name=title]", "Avant de venir")
    keys.tab_to("[role=toolbar] button[data-level='1']")
    keys.press("Enter")
    keys.kept()
    keys.write("Préparez votre venue")
    keys.press("Enter")
    keys.write("Bonjour ")
    keys.tab_to("#insert-field", back=True)
    keys.press("Home")
    keys.follow("[data-insert-field]")
    expect(page.locator(".ProseMirror")).to_be_focused()
    keys.write(", venez ")
    keys.press("Control+b")
    keys.write("à jeun")
    keys.press("Control+b", "Enter")
    keys.tab_to("[role=toolbar] button[tabindex='0']", back=True)
    while page.evaluate("document.activeElement.dataset.command") != "bulletList":
        keys.press("ArrowRight")
        keys.kept()
    keys.press("Space")
    expect(page.locator(".ProseMirror")).to_be_focused()
    keys.write("Carte Vitale")
    keys.press("Enter")
    keys.write("Ordonnances")
    written = page.locator(".ProseMirror")
    expect(written.locator("h1")).to_have_text("Préparez votre venue")
    expect(written.locator("strong")).to_have_text("à jeun")
    expect(written.locator("li")).to_have_text(["Carte Vitale", "Ordonnances"])
    expect(written.locator(".merge-field")).to_have_count(1)
    expect(page.locator("[data-preview-state]")).to_contain_text("Aperçu à jour", timeout=30_000)
    expect(written).to_be_focused()
    keys.press("Tab")
    expect(page.locator("[data-writing-form] button[type=submit]")).to_be_focused()
    keys.press("Enter")
    page.wait_for_url("**/library/*-*/?saved=1")
    expect(page.locator("main")).to_contain_text("« Avant de venir » est enregistré.")


def make_a_rule(keys: Keyboard) -> None:
    """Both documents, at booking; the effect is shown before saving, and does not take the focus."""
    page = keys.page
    keys.follow(".rail a:has-text('Envoi automatique')")
    page.wait_for_url("**/rules/")
    keys.follow("a:has-text('Nouvelle règle')")
    page.wait_for_url("**/rules/new/")
    page.evaluate(LOSES)
    keys.fill("[name=name]", "Avant de venir")
    for title in ("Avant de venir", "Conseils de voyage"):
        keys.follow(f"label:has-text('{title}') input[name=documents]", "Space")
    keys.tab_to("[name=moment]")
    keys.press("Home")
    effect = page.locator(".rule-effect [role=status]")
    expect(effect).to_contain_text("à la prise de rendez-vous")
    expect(effect).to_contain_text("rendez-vous des 30 prochains jours correspondent")
    expect(effect.locator("li")).to_have_count(3)
    keys.kept()
    keys.follow(".rule-part > summary:has-text('Pour quels rendez-vous')")
    keys.tab_to("[name=visit_reasons]")
    keys.press("Space")
    keys.follow(".rule-part > summary:has-text('Comment')")
    keys.tab_to("[name=channels][value=sms]")
    with page.expect_response("**/rules/effect/"):
        keys.press("Space")
    expect(effect).not_to_contain_text("SMS")
    keys.tab_to("[name=to_booked]")
    assert page.evaluate("window.lost") == []
    keys.follow(".rule-form button[type=submit]")
    page.wait_for_url("**/rules/")
    expect(page.locator("main")).to_contain_text("La règle est enregistrée.")


def book_an_appointment(keys: Keyboard) -> Appointment:
    """For somebody new, tomorrow or the day after, at three in the afternoon."""
    page = keys.page
    keys.follow(".rail a:has-text('Agenda')")
    page.wait_for_url("**/pro/")
    keys.follow("a:has-text('Jour suivant')")
    page.wait_for_url("**/pro/?date=*")
    keys.follow("a:has-text('Nouveau rendez-vous')")
    page.wait_for_url("**/appointments/new/*")
    with page.expect_response("**/appointments/new/*"):
        keys.fill("[name=q]", "Simon")  # no result yet
    expect(page.locator("#patient-found")).to_contain_text("Aucune fiche ne correspond")
    keys.kept()
    keys.fill("[name=first_name]", "Nadia")
    keys.fill("[name=last_name]", "Simon")
    keys.fill("[name=birth_date]", "04051990")
    keys.fill("[name=email]", NEWCOMER)
    keys.tab_to("[name=agenda]")
    keys.press("ArrowDown")
    keys.tab_to("[name=visit_reason]")
    keys.press("ArrowDown")
    keys.follow("a[href='#id_starts_at']")  # past the free times, which may be eighty
    expect(page.locator("[name=starts_at]")).to_be_focused()
    keys.press("ArrowRight", "ArrowRight", "ArrowRight")
    keys.write("1500")
    assert page.input_value("[name=starts_at]").endswith("T15:00")
    keys.follow(".booking-form > .actions button")
    answer = page.locator("#doubts, .notice[role=status]")
    expect(answer).to_be_visible()
    if page.locator("#doubts").count():  # tomorrow may be a Sunday
        keys.follow(".booking-form > .actions button")
    page.wait_for_url("**/appointments/*-*/")
    expect(page.locator("main")).to_contain_text("Le rendez-vous de Nadia Simon est pris")
    return Appointment.objects.get(patient__last_name="Simon")


def see_it_in_the_agenda(keys: Keyboard, appointment: Appointment) -> None:
    """The panel takes the focus, Escape returns it."""
    page = keys.page
    slot = f"[data-slot='{appointment.pk}']"
    keys.follow(".rail a:has-text('Agenda')")
    page.wait_for_url("**/pro/")
    keys.follow("a:has-text('Jour suivant')")
    page.wait_for_url("**/pro/?date=*")
    keys.follow(slot)
    expect(page.locator("#panel-title")).to_be_focused()
    expect(page.locator("[data-panel]")).to_contain_text("Avant de venir")
    keys.press("Escape")
    expect(page.locator(slot)).to_be_focused()
    keys.kept()


def open_the_link(keys: Keyboard, base: str, tmp_path: Path) -> None:
    page = keys.page
    link = re.search(rf"{re.escape(base)}/d/\S+", newest_email_to(NEWCOMER))
    assert link
    page.goto(link[0])
    for number in (1, 2):
        keys.tab_to(f"li:nth-child({number}) form[data-download] button")
        with page.expect_download() as download:
            keys.press("Enter" if number == 1 else "Space")
        assert Path(download.value.path()).read_bytes().startswith(b"%PDF")
        keys.kept()
    assert SharedDocument.objects.filter(first_read_at__isnull=False).count() == 2


def test_an_automatic_document_goes_all_its_way_by_the_keyboard_alone(
    site: str, browser: Browser, tmp_path: Path
) -> None:
    admin, anybody = Visitor(browser, site, 1440, 900), Visitor(browser, site, 360, 740)
    keys = Keyboard(admin.page)
    paper = tmp_path / "Conseils de voyage.pdf"
    paper.write_bytes(letter("Conseils de voyage", ["Buvez de l’eau."], heading="Cabinet"))
    sign_in(keys, site)
    import_a_document(keys, paper)
    write_a_document(keys)
    assert LibraryDocument.objects.get(title="Avant de venir").current.body.count("data-field") == 1
    make_a_rule(keys)
    assert AutoSendRule.objects.get().documents.count() == 2
    appointment = book_an_appointment(keys)
    send_due()
    deliver()
    see_it_in_the_agenda(keys, appointment)
    open_the_link(Keyboard(anybody.page), site, tmp_path)
    assert admin.faults == anybody.faults == []
