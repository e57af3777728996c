"""The devices that an account remembers, listed for its owner, who can forget each."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import datetime

from django.contrib import messages
from django.http import HttpRequest
from django.shortcuts import get_object_or_404
from django.utils.translation import gettext as _

from accounts.device_cookie import device_of
from accounts.devices import forget
from accounts.models import KnownDevice, User
from portals.device_words import browser_words
from portals.pagination import ListPage, list_page

SHOWN = 20


@dataclass(frozen=True)
class Device:
    pk: uuid.UUID
    name: str
    since: datetime
    last_seen: datetime
    is_this_one: bool
    asks_no_code: bool


def devices_of(request: HttpRequest, user: User) -> ListPage[Device]:
    """The account's devices, the last seen first."""
    live = KnownDevice.objects.live().filter(user=user).order_by("-last_seen_at", "pk")
    page = list_page(request, live, rows=SHOWN, name="devices", anchor="devices")
    this_one = device_of(request, user)
    shown = [
        Device(
            pk=one.pk,
            name=browser_words(one.browser, one.system),
            since=one.created_at,
            last_seen=one.last_seen_at,
            is_this_one=this_one is not None and this_one.pk == one.pk,
            asks_no_code=one.code_given,
        )
        for one in page
    ]
    return page.of(shown)


def forget_one(request: HttpRequest, user: User, pk: uuid.UUID) -> None:
    """Raises Http404 for somebody else's device."""
    device = get_object_or_404(KnownDevice.objects.filter(user=user), pk=pk)
    this_one = device_of(request, user)
    is_this_one = this_one is not None and this_one.pk == device.pk
    forget(device=device, by=user, spare_session=request.session.session_key)
    name = browser_words(device.browser, device.system)
    sentence = _("%(device)s est oublié, et déconnecté s’il était connecté.") % {"device": name}
    if is_this_one:
        sentence = _("Cet appareil est oublié. Vous y restez connecté jusqu’à la fin de cette visite.")
    messages.success(request, sentence)
