"""A time is the practice's: a page shows and reads times in the zone of the practice that it is about. One that is
about none shows the offset from UTC beside them (notifications.wording.moment)."""

from __future__ import annotations

from collections.abc import Callable

from django.db.models import Q
from django.http import HttpRequest, HttpResponse
from django.utils import timezone

from accounts.models import User
from appointments.models import Appointment
from notifications.wording import zone_of_no_practice
from practices.models import Practice


class ClockMiddleware:
    """Each request begins with the installation's zone (TIME_ZONE), whatever its thread showed before."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        with timezone.override(zone_of_no_practice()):
            return self.get_response(request)

    def process_view(self, request: HttpRequest, *_view: object) -> None:
        """Pages about the account itself, which are not ours (sessions, passkeys), show its reader's time."""
        if request.path.startswith("/account/") and isinstance(request.user, User):
            set_own_clock(request.user)


def set_clock(practice: Practice) -> None:
    """From here on, forms and templates of this request read and show this practice's time."""
    timezone.activate(practice.zone)


def set_own_clock(user: User) -> None:
    """That of the practice in which one works, else the last one an account had to do with: for pages about the
    account itself."""
    works_in = Practice.objects.of(user).order_by("name", "pk").first()
    if works_in:
        set_clock(works_in)
        return
    booked = Appointment.objects.filter(Q(holder=user) | Q(patient__ties__user=user))
    last = booked.select_related("practice").order_by("-created_at").first()
    if last:
        set_clock(last.practice)
