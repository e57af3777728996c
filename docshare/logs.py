"""Removes tokens and personal data from logs. Links that open a document or an account contain a token.

A segment of an address of 20 or more URL-safe characters that is not a UUID counts as a token, so that new kinds of
links are safe from the start; so does every query string. Email addresses and telephone numbers are removed
everywhere. The message of an exception may repeat a row's values ("Key (email)=(…) already exists") or a line of a
document: production logs its class and its place, not its message.
"""

from __future__ import annotations

import json
import logging
import re
import traceback
from datetime import UTC, datetime
from types import TracebackType
from typing import Any

from gunicorn import glogging

from docshare import request_ids

_UUID = r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"
_ENDS = r"""(?=[/?#\s"',;)]|$)"""
_SIGNED = rf"(?:{_UUID}|[\w-]{{22}})\.[\w~-]{{20,}}"  # an id under an HMAC: invitations, links (django.core.signing)
_TOKEN = re.compile(rf"(?<=/)(?:{_SIGNED}|(?!{_UUID}{_ENDS})[\w:~-]{{20,}}){_ENDS}")
_QUERY = re.compile(r"""(?<=/)([^\s?"']*)\?[^\s"']+""")
_EMAIL = re.compile(r"[\w.+%-]+(?:@|%40)[\w-]+(?:\.[\w-]+)+")
_TELEPHONE = re.compile(r"(?:\+|%2B)\d{8,15}\b")

EXPECTED = (429, 503)  # statuses of a temporary refusal

ExcInfo = tuple[type[BaseException], BaseException, TracebackType | None] | tuple[None, None, None]


def scrub(text: str) -> str:
    """The text with tokens and query strings of addresses, email addresses and telephone numbers taken out."""
    text = _TOKEN.sub("[…]", _QUERY.sub(r"\1?[…]", text))
    return _TELEPHONE.sub("[…]", _EMAIL.sub("[…]", text))


class ScrubbingFormatter(logging.Formatter):
    """Scrubs the finished line, its traceback included."""

    def format(self, record: logging.LogRecord) -> str:
        return scrub(super().format(record))


class RefusalsAreNoErrors(logging.Filter):
    """Lowers the level of temporary refusals. An endpoint that is full, or limits calls, works as intended when it
    refuses with a time to retry. Django logs every 503 as an error (`django.request`), and errors raise alarms.
    Real faults are logged separately where they are detected."""

    def filter(self, record: logging.LogRecord) -> bool:
        if getattr(record, "status_code", None) in EXPECTED and not record.exc_info:
            record.levelno, record.levelname = logging.INFO, logging.getLevelName(logging.INFO)
        return True


class JsonFormatter(logging.Formatter):
    """One JSON object a line: at, level, logger, message, request_id, and the classes and places of an exception."""

    def format(self, record: logging.LogRecord) -> str:
        line: dict[str, Any] = {
            "at": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname,
            "logger": record.name,
            "message": scrub(_without_words(record.getMessage(), record.exc_info)),
        }
        if request_id := request_ids.current.get():
            line["request_id"] = request_id
        if record.exc_info and record.exc_info[1] is not None:
            line["exception"] = [_description(error) for error in chain_of(record.exc_info[1])]
        return json.dumps(line, ensure_ascii=False)


def _without_words(message: str, exc_info: Any) -> str:
    """The message without the exception's text, which some libraries (Celery) put into it."""
    if not exc_info or exc_info[1] is None:
        return message
    for error in chain_of(exc_info[1]):
        for words in (repr(error), str(error)):
            if words:
                message = message.replace(words, type(error).__name__)
    return message


def chain_of(error: BaseException | None) -> list[BaseException]:
    """The exception and its causes."""
    chain: list[BaseException] = []
    while error is not None and error not in chain:
        chain.append(error)
        error = error.__cause__ or error.__context__
    return chain


def _description(error: BaseException) -> dict[str, Any]:
    places = [f"{frame.filename}:{frame.lineno} {frame.name}" for frame in traceback.extract_tb(error.__traceback__)]
    return {"kind": f"{type(error).__module__}.{type(error).__qualname__}", "at": places}


class GunicornLogger(glogging.Logger):
    """Replaces gunicorn's own handlers: lines are JSON in production, and scrubbed elsewhere."""

    def setup(self, cfg: Any) -> None:
        super().setup(cfg)
        for logger in (self.error_log, self.access_log):
            for handler in logger.handlers:
                plain = handler.formatter or logging.Formatter()
                handler.setFormatter(
                    JsonFormatter() if cfg.accesslog else ScrubbingFormatter(plain._style._fmt, plain.datefmt)
                )
