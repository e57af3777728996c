"""Time zones of pages: a page shows and reads times in the time zone of its practice. A page about no practice shows
the offset from UTC beside them (notifications.wording.moment)."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime

from django.db.models import Q
from django.http import HttpRequest, HttpResponse
from django.utils import timezone

from accounts.models import User
from appointments.models import Appointment
from notifications.wording import zone_of_no_practice
from practices.models import Practice


class ClockMiddleware:
    """Each request begins in the installation's time zone (TIME_ZONE), whatever its thread had activated before."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        with timezone.override(zone_of_no_practice()):
            return self.get_response(request)

    def process_view(self, request: HttpRequest, *_view: object) -> None:
        """Pages of packages about the account itself (sessions, passkeys) use the time zone of their reader."""
        if request.path.startswith("/account/") and isinstance(request.user, User):
            set_own_clock(request.user)


def set_clock(practice: Practice) -> None:
    """From here on, forms and templates of this request use this practice's time zone."""
    timezone.activate(practice.zone)


def set_own_clock(user: User) -> None:
    """Use the time zone of the practice where the user works, else of the last practice they dealt with. For pages
    about the account itself."""
    works_in = Practice.objects.of(user).order_by("name", "pk").first()
    if works_in:
        set_clock(works_in)
        return
    booked = Appointment.objects.filter(Q(holder=user) | Q(patient__ties__user=user))
    last = booked.select_related("practice").order_by("-created_at").first()
    if last:
        set_clock(last.practice)


def today_on_page() -> date:
    """The day on the clock of the page that is answered: its practice's (set_clock), else the installation's."""
    return timezone.localdate(timezone=timezone.get_current_timezone())


def local_on_page(at: datetime) -> datetime:
    """On the clock of the practice that the page is about."""
    return timezone.localtime(at, timezone.get_current_timezone())
