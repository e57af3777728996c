"""The practice that a member of several works in: chosen in the rail, stored in the session.

Each form names the practice of its page: switching to another practice in another tab does not change what the form
does. An object that belongs to a practice (an appointment, a rule) is found by that practice, whichever was chosen.
"""

from __future__ import annotations

from django.http import Http404, HttpRequest

from accounts.models import User
from portals.chosen_practice import CHOSEN
from portals.clock import set_clock
from practices.models import Membership, Practice
from practices.roles import may_administer


def practices_of(user: User) -> list[Practice]:
    """By name."""
    return [one.practice for one in Membership.objects.list_held_by(user)]


def practice_of(request: HttpRequest, user: User) -> Practice:
    """The practice of the form, or the chosen one; the first, if none was chosen or the user has left it.

    Read again at each request: a member who is removed loses access at the next request. Activates this practice's
    time zone. Raises Http404.
    """
    practice = chosen(request, practices_of(user))
    set_clock(practice)
    return practice


def chosen(request: HttpRequest, practices: list[Practice]) -> Practice:
    """The same, among all practices of the user."""
    if CHOSEN in request.POST:
        practices = [one for one in practices if str(one.pk) == request.POST[CHOSEN]]
    if not practices:
        raise Http404
    return next((one for one in practices if str(one.pk) == request.session.get(CHOSEN)), practices[0])


def administered_practice(request: HttpRequest, user: User) -> Practice:
    """The same, for administrators. Raises Http404 for others."""
    practice = practice_of(request, user)
    if not may_administer(user, practice):
        raise Http404
    return practice
