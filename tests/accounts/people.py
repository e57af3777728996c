"""Signing in with a browser, step by step."""

from __future__ import annotations

from typing import Any

from allauth.account.models import EmailAddress
from allauth.mfa.totp.internal.auth import format_hotp_value, hotp_value, yield_hotp_counters_from_time
from django.test import Client

from accounts.models import User
from notifications.models import Message
from tests.conftest import PASSWORD

FIREFOX = "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:146.0) Gecko/20100101 Firefox/146.0"
PHONE = "Mozilla/5.0 (Linux; Android 15) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/143.0.0.0 Mobile Safari/537.36"


def with_proved_mailbox(user: User) -> User:
    EmailAddress.objects.get_or_create(user=user, email=user.email, verified=True, primary=True)
    return user


def type_password(client: Client, user: User, password: str = PASSWORD, **more: Any) -> Any:
    return client.post("/account/login/", {"login": user.email, "password": password}, **more)


def signed_in(client: Client) -> bool:
    return client.get("/account/2fa/").status_code == 200


def sms_code(user: User) -> str:
    text: str = Message.objects.filter(channel="sms", to=user.mobile).latest("created_at").body
    return text[:6]


def give_code(client: Client, user: User, **more: str) -> Any:
    """Enter the code from the SMS, on a device that is new to the account."""
    return client.post("/account/device/", {"code": sms_code(user), **more})


def browser_of(user: User, *, remembered: bool = True, agent: str = FIREFOX) -> Client:
    """A browser in which the user is signed in, with all factors."""
    client = Client(headers={"User-Agent": agent})
    type_password(client, user)
    if not signed_in(client):
        give_code(client, user, **({"remember": "1"} if remembered else {}))
    assert signed_in(client)
    return client


def totp(secret: str) -> str:
    code: str = format_hotp_value(hotp_value(secret, next(iter(yield_hotp_counters_from_time()))))
    return code


def reset_password(user: User, password: str) -> Client:
    """Set a new password, with the link from the email."""
    Client().post("/account/password/reset/", {"email": user.email})
    words = [word for message in Message.objects.filter(to=user.email) for word in message.body.split()]
    path = "/" + [word for word in words if "/reset/key/" in word][-1].split("/", 3)[3]
    client = Client()
    client.post(client.get(path)["Location"], {"password1": password, "password2": password})
    return client
