"""The one exception of the modules that judge what came after a signature."""

from __future__ import annotations


class NotAllowed(Exception):
    """A change that shows, may show, or can't be read in one way only. The message is for developers."""
