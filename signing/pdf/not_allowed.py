"""The one exception of the modules that judge what came after a signature."""

from __future__ import annotations


class NotAllowed(Exception):
    """A change that is visible, may be visible, or that readers may understand differently. The message is for
    developers."""
