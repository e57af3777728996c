"""Downloads a calendar from an address that staff typed: guarded as webhooks are, bounded in bytes and in time."""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta

import urllib3
from django.utils.translation import gettext_noop

from notifications.channels.retry_after import retry_after
from notifications.channels.whole_answers import AnswerDidNotEnd, whole_answer_within
from webhooks.guarded import Unreachable, host_of, path_of, pool_to

LARGEST = 10 * 1024 * 1024  # bytes, before and after decompression
LONGEST_ANSWER = 30  # seconds in total, also for an answer that arrives byte by byte
BLOCK = 1 << 16
NOT_MODIFIED = 304
REASONS = {
    401: gettext_noop("Le serveur demande un mot de passe : donnez l’adresse secrète du calendrier (HTTP 401)"),
    403: gettext_noop("Le serveur refuse l’accès : demandez à l’autre logiciel une nouvelle adresse (HTTP 403)"),
    404: gettext_noop(
        "Le calendrier n’est plus à cette adresse : demandez la nouvelle à l’autre logiciel (HTTP 404)"
    ),
    410: gettext_noop(
        "Le calendrier n’est plus à cette adresse : demandez la nouvelle à l’autre logiciel (HTTP 410)"
    ),
}
MOVED = gettext_noop("Le serveur renvoie vers une autre adresse : changez l’adresse de ce calendrier")
SILENT = gettext_noop("Le serveur ne répond pas, ou trop lentement")
TOO_LARGE = gettext_noop("Le calendrier dépasse 10 Mo : rien n’est lu")
DAMAGED = gettext_noop("La réponse du serveur est incomplète ou illisible")


class NotRead(Exception):
    """The calendar could not be read, so nothing changes. `reason`: shown to the practice, translated on display; it
    never contains the address. `wait`: at least so long, because the server asks."""

    def __init__(self, reason: str, *, wait: timedelta | None = None) -> None:
        super().__init__(reason)
        self.reason = reason
        self.wait = wait


@dataclass(frozen=True)
class Answer:
    """`body`: None if the calendar is the same as last time. `etag` and `modified`: for the next time."""

    body: bytes | None
    etag: str
    modified: str


def fetch(url: str, *, etag: str = "", modified: str = "") -> Answer:
    """One conditional GET. Follows no redirect. Raises NotRead."""
    try:
        pool = pool_to(url)
    except Unreachable as refused:
        raise NotRead(refused.reason) from refused
    headers = {"Host": host_of(url), "User-Agent": "docshare", "Accept": "text/calendar", "Accept-Encoding": "gzip"}
    headers |= {"If-None-Match": etag} if etag else {}
    headers |= {"If-Modified-Since": modified} if modified else {}
    try:
        with whole_answer_within(LONGEST_ANSWER):
            answer = pool.urlopen(
                "GET", path_of(url), headers=headers, retries=False, redirect=False, preload_content=False
            )
            try:
                return _answer_of(answer, etag, modified)
            finally:
                answer.close()
    except (urllib3.exceptions.IncompleteRead, urllib3.exceptions.InvalidChunkLength) as error:
        raise NotRead(DAMAGED) from error
    except (urllib3.exceptions.HTTPError, AnswerDidNotEnd) as error:
        raise NotRead(SILENT) from error
    finally:
        pool.close()


def _answer_of(answer: urllib3.BaseHTTPResponse, etag: str, modified: str) -> Answer:
    status = answer.status
    if status == NOT_MODIFIED and (etag or modified):
        return Answer(None, etag, modified)
    if 300 <= status < 400:
        raise NotRead(MOVED)
    if status != 200:
        wait = retry_after(answer.headers.get("Retry-After", "")) if status in (429, 503) else None
        raise NotRead(REASONS.get(status, f"HTTP {status}"), wait=wait)
    body = b"".join(_unpacked(answer))
    return Answer(body, _short(answer, "ETag", 200), _short(answer, "Last-Modified", 100))


def _unpacked(answer: urllib3.BaseHTTPResponse) -> Iterator[bytes]:
    """The body in blocks, never more than LARGEST in all. Raises NotRead."""
    encoding = answer.headers.get("Content-Encoding", "identity").strip().lower()
    if encoding not in ("identity", "gzip", "x-gzip"):
        raise NotRead(DAMAGED)
    unpacker = zlib.decompressobj(wbits=31) if encoding != "identity" else None
    received = unpacked = 0
    for block in answer.stream(BLOCK, decode_content=False):
        received += len(block)
        if unpacker is not None:
            try:
                block = unpacker.decompress(block, LARGEST - unpacked + 1)
            except zlib.error as error:
                raise NotRead(DAMAGED) from error
        unpacked += len(block)
        if max(received, unpacked) > LARGEST:
            raise NotRead(TOO_LARGE)
        yield block
    if unpacker is not None and not unpacker.eof:
        raise NotRead(DAMAGED)


def _short(answer: urllib3.BaseHTTPResponse, name: str, longest: int) -> str:
    """A header to send back, or "" if it is too long to store."""
    value = answer.headers.get(name, "").strip()
    return value if len(value) <= longest and value.isascii() and value.isprintable() else ""
