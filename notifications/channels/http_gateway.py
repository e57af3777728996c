"""An SMS gateway that accepts JSON over HTTP. Settings define address, body and authentication.

`SMS_BODY` is the JSON to post, in which "{to}", "{text}" and "{id}" (ours; reports may bring it back) are filled in;
`SMS_TOKEN` a bearer token; `SMS_HEADERS` other headers, as a JSON object; `SMS_ID` the path of the message's id in
the answer ("messages.0.id"), which its delivery reports repeat.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

import requests
from django.conf import settings

from notifications.causes import Cause
from notifications.channels import DeliveryFailed
from notifications.channels.http_answers import refused
from notifications.channels.whole_answers import bound
from notifications.models import Message

TIMEOUT = (5, 15)  # seconds to connect, and between two bytes
LONGEST_ANSWER = 20  # seconds in total; fits in a lease (notifications/delivery.py)

PAGE = re.compile(rb"(\xef\xbb\xbf)?\s*(<!--.{0,1000}?-->\s*)*(<!doctype html|<html)", re.IGNORECASE | re.DOTALL)


class HttpGateway:
    """2xx means accepted, unless the body is an HTML page of a proxy in front of the gateway, or truncated JSON. The
    Idempotency-Key lets a gateway drop a repeat."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._session = requests.Session()
        self._session.trust_env = False  # no proxy, no .netrc: the settings alone decide where requests go
        bound(self._session, LONGEST_ANSWER)
        if settings.SMS_TOKEN:
            self._session.headers["Authorization"] = f"Bearer {settings.SMS_TOKEN}"
        self._session.headers.update(settings.SMS_HEADERS)

    def send(self, message: Message, text: str) -> str:
        body = filled(settings.SMS_BODY, {"to": message.to, "text": text, "id": str(message.id)})
        try:
            answer = self._session.post(
                self._url,
                json=body,
                headers={"Idempotency-Key": str(message.id)},
                timeout=TIMEOUT,
                allow_redirects=False,  # a redirect would send the number to an address that nobody chose
            )
        except requests.RequestException as error:
            raise DeliveryFailed(Cause.UNREACHABLE, whole_channel=True) from error
        if answer.ok and not answer.is_redirect:
            if fault := _fault_in(answer):
                raise DeliveryFailed(Cause.BREAKDOWN, f"HTTP {answer.status_code} {fault}", whole_channel=True)
            return _id_in(answer)
        raise refused(answer.status_code, answer.headers, permanently=Cause.NUMBER_REFUSED)

    def close(self) -> None:
        self._session.close()


def filled(template: Any, values: Mapping[str, str]) -> Any:
    """The template with its placeholders replaced, in texts alone: a value can't change the JSON around it."""
    if isinstance(template, str):
        for name in ("to", "id", "text"):  # the text comes last, so that placeholders in it are not replaced
            template = template.replace(f"{{{name}}}", values[name])
        return template
    if isinstance(template, list):
        return [filled(part, values) for part in template]
    if isinstance(template, dict):
        return {name: filled(part, values) for name, part in template.items()}
    return template


def value_at(path: str, value: Any) -> str:
    """The value at a path such as "messages.0.id" in parsed JSON; "" if there is none."""
    for step in path.split("."):
        if isinstance(value, list) and step.isdigit() and int(step) < len(value):
            value = value[int(step)]
        elif isinstance(value, dict):
            value = value.get(step)
        else:
            return ""
    return str(value) if isinstance(value, str | int) else ""


def _fault_in(answer: requests.Response) -> str:
    """Why this 2xx is not the gateway's answer; "" if it is, even in an unknown format."""
    content = answer.content.strip()
    # a page of a proxy or a host; the media type proves nothing, because PHP's default is text/html
    if PAGE.match(content):
        return "HTML"
    if content and "json" in answer.headers.get("Content-Type", "").lower():
        try:
            json.loads(content)
        except ValueError:
            return "JSON"
    return ""


def _id_in(answer: requests.Response) -> str:
    try:
        return value_at(settings.SMS_ID, json.loads(answer.content))
    except ValueError:  # the answer is not JSON: reports can't be matched by its id
        return ""
