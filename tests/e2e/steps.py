"""Steps of users in the browser, shared by all browser tests."""

from __future__ import annotations

import json
import re
from datetime import timedelta
from email import message_from_bytes, policy
from pathlib import Path

from allauth.mfa.totp.internal.auth import format_hotp_value, hotp_value, yield_hotp_counters_from_time
from django.conf import settings
from django.utils import timezone
from playwright.sync_api import expect

from appointments.models import Appointment
from appointments.recipients import resolve
from docshare.demo.cast import PASSWORD
from notifications.models import Message
from notifications.tasks import dispatch
from tests.e2e.conftest import Visitor
from tests.settings import STACK
from tools.stack.stack import until

PATIENTS_PASSWORD = "une phrase facile 42"  # of fictitious people


def deliver() -> None:
    """Do the worker's part; a stack has its own workers."""
    if STACK:
        until_due = timezone.now() + settings.SHARE_NOTICE_DELAY + timedelta(seconds=10)
        soon = Message.objects.filter(state="queued", due_at__lte=until_due)
        until(lambda: not soon.exists(), seconds=60)
        return
    for channel in ("email", "sms"):
        dispatch(channel)


def last_of_durand() -> Appointment:
    """The last appointment of the demo's patient who has contacts of her own."""
    return Appointment.objects.filter(patient__last_name="Durand").latest("starts_at")


def next_with_own_contacts() -> Appointment:
    """The demo's first appointment from now on whose patient can be asked for something, whatever the hour."""
    coming = Appointment.objects.upcoming().filter(holder=None).order_by("starts_at", "pk")
    return next(one for one in coming if resolve(one).is_ready)


def newest_first(pattern: str) -> list[Path]:
    return sorted(Path(settings.OUTBOX_DIR).glob(pattern), key=lambda one: one.stat().st_mtime_ns, reverse=True)


def newest_email_to(address: str) -> str:
    """The text of the last email to somebody."""
    for path in newest_first("*.eml"):
        email = message_from_bytes(path.read_bytes(), policy=policy.default)
        if email["To"] == address:
            body = email.get_body(("plain",))
            assert body is not None
            return str(body.get_content())
    raise AssertionError(f"no email to {address}")


def code_by_sms(mobile: str) -> str:
    deliver()
    for path in newest_first("*.sms.json"):
        sms = json.loads(path.read_text())
        code = re.match(r"\d{6}", sms["text"])
        if code and sms["to"] == mobile:
            return code[0]
    raise AssertionError(f"no code to {mobile}")


def type_sign_in(visitor: Visitor, email: str, password: str = PASSWORD) -> None:
    page = visitor.page
    page.fill("[name=login]", email)
    page.fill("[name=password]", password)
    page.click("text=Se connecter")


def sign_in_as_staff(visitor: Visitor, email: str) -> None:
    visitor.page.goto(f"{visitor.base}/account/login/")
    visitor.accessible()
    type_sign_in(visitor, email)
    if settings.STAFF_SECOND_FACTOR:
        set_up_a_second_factor(visitor)
    visitor.page.wait_for_url("**/pro/")


def set_up_a_second_factor(visitor: Visitor) -> None:
    """Set up the second factor that production requires of staff; then go to the agenda."""
    page = visitor.page
    page.wait_for_url("**/account/2fa/totp/activate/")
    visitor.accessible()
    secret = page.input_value("#authenticator_secret")
    page.fill("[name=code]", format_hotp_value(hotp_value(secret, next(iter(yield_hotp_counters_from_time())))))
    page.click("main button[type=submit]")
    page.wait_for_url("**/account/2fa/recovery-codes/**")
    page.goto(f"{visitor.base}/pro/")


def sign_in_on_a_new_device(visitor: Visitor, email: str, mobile: str) -> None:
    """Sign in a patient: the password, then the code from the SMS; the device is remembered."""
    page = visitor.page
    page.goto(f"{visitor.base}/account/login/")
    type_sign_in(visitor, email)
    page.wait_for_url("**/account/device/")
    visitor.accessible()
    page.fill("[name=code]", code_by_sms(mobile))
    page.check("[name=remember]")  # it is their own telephone
    page.click("text=Continuer")
    page.wait_for_url("**/documents/")


def follow_invitation(visitor: Visitor, email: str, mobile: str, born: tuple[str, str, str]) -> int:
    """Link, code, birth date, password. Returns the number of pages from the link to the documents."""
    page = visitor.page
    link = re.search(rf"{re.escape(visitor.base)}/invitation/\S+", newest_email_to(email))
    assert link
    screens: list[str] = []

    def seen() -> None:
        screens.append(page.locator("h1").inner_text())
        visitor.accessible()

    page.goto(link[0])
    seen()
    page.click("text=Recevoir le code par SMS")
    page.wait_for_url("**/code/")
    seen()
    page.fill("[name=code]", code_by_sms(mobile))
    page.click("text=Continuer")
    page.wait_for_url("**/birth-date/")
    seen()
    for name, value in zip(("day", "month", "year"), born, strict=True):
        page.fill(f"[name={name}]", value)
    page.click("text=Continuer")
    page.wait_for_url("**/password/")
    seen()
    page.fill("[name=password]", PATIENTS_PASSWORD)
    page.click("main button[type=submit]:has-text('Voir m')")  # one document, or several
    page.wait_for_url("**/documents/")
    visitor.accessible()
    return len(screens)


def open_appointment(doctor: Visitor, appointment: Appointment) -> None:
    """Open it from the agenda of its day, in the panel."""
    page = doctor.page
    page.goto(f"{doctor.base}/pro/?date={appointment.local_start.date()}")
    page.click(f"[data-slot='{appointment.pk}']")
    expect(page.locator("#panel-title")).to_be_focused()


def share_from_library(doctor: Visitor, appointment: Appointment) -> str:
    """Tick the first document of the library and validate it. Returns its title."""
    page = doctor.page
    page.goto(f"{doctor.base}/pro/appointments/{appointment.pk}/share/")
    page.click("summary:has-text('Choisir dans la bibliothèque')")
    box = page.locator("[data-library]").first
    title = box.get_attribute("data-title")
    assert title
    box.check()
    page.click("[data-card] [data-validate]")
    expect(page.locator("[data-receipt]")).to_be_visible()
    deliver()
    return title


def book(visitor: Visitor, whom: str, person: dict[str, str]) -> Appointment:
    """Book the first free slot a week from now for somebody new; `whom` is the button's text."""
    page = visitor.page
    page.goto(f"{visitor.base}/book/")
    visitor.accessible()
    page.click("main h2 a >> nth=0")
    visitor.accessible()
    page.click("main a:has-text('au cabinet') >> nth=0")
    page.click("text=Jours suivants")
    visitor.accessible()
    page.click(".slots a >> nth=0")
    visitor.accessible()
    page.click(f"text={whom}")
    visitor.accessible()
    for name, value in person.items():
        page.fill(f"[name={name}]", value)
    page.click("button:has-text('Confirmer le rendez-vous')")
    expect(page.locator(".notice-good")).to_contain_text("est pris")
    visitor.accessible()
    deliver()
    assert not Message.objects.filter(state="queued").exists()
    return Appointment.objects.latest("created_at")
