"""For which invitation this browser's session has proved something (portals/patient/invitation.py)."""

from __future__ import annotations

from django.http import HttpRequest

SESSION_KEY = "invitation"
IN_FORM = "invitation"  # the field by which a step's form names its invitation


def invited_by(request: HttpRequest) -> str | None:
    """The invitation's id; None without one."""
    proofs = request.session.get(SESSION_KEY)
    return str(proofs["id"]) if proofs else None
