"""What is written to logs: never a token. Links that open a document or an account carry one in their address.

A segment of an address of 20 or more URL-safe characters that is not a UUID is taken for one, so that a new kind
of link is safe from its first day; so is every query string.
"""

from __future__ import annotations

import logging
import re
from typing import Any

from gunicorn import glogging

_UUID = r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"
_ENDS = r"""(?=[/?#\s"',;)]|$)"""
_SIGNED = rf"{_UUID}\.[\w~-]{{20,}}"  # an id under an HMAC: invitations, links (django.core.signing)
_TOKEN = re.compile(rf"(?<=/)(?:{_SIGNED}|(?!{_UUID}{_ENDS})[\w:~-]{{20,}}){_ENDS}")
_QUERY = re.compile(r"""(?<=/)([^\s?"']*)\?[^\s"']+""")


def scrub(text: str) -> str:
    """The text with tokens and query strings of addresses taken out."""
    return _TOKEN.sub("[…]", _QUERY.sub(r"\1?[…]", text))


class ScrubbingFormatter(logging.Formatter):
    """Scrubs the finished line, its traceback included."""

    def format(self, record: logging.LogRecord) -> str:
        return scrub(super().format(record))


class GunicornLogger(glogging.Logger):  # type: ignore[misc]  # gunicorn ships no types
    """gunicorn sets its own handlers up; their formats stay, their lines are scrubbed."""

    def setup(self, cfg: Any) -> None:
        super().setup(cfg)
        for logger in (self.error_log, self.access_log):
            for handler in logger.handlers:
                plain = handler.formatter or logging.Formatter()
                handler.setFormatter(ScrubbingFormatter(plain._style._fmt, plain.datefmt))
