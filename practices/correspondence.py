"""How a practice writes to its patients: the name in messages, where replies go, its own words below each email."""

from __future__ import annotations

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext as _

from accounts.models import User
from audit.trail import record
from practices.models import Practice
from practices.roles import require_administrator
from practices.texts import lines, one_line

LONGEST_FOOTER = 500  # characters
MOST_FOOTER_LINES = 8


@transaction.atomic
def set_correspondence(*, practice: Practice, name: str, email: str, footer: str, by: User) -> None:
    """Set the practice's name in messages, the reply address, and the footer of its emails. "" for its own name, for
    the default of Practice.reply_address, and for no footer. Messages planned from now on have them.

    Raises NotAllowed, ValidationError."""
    require_administrator(by, practice)
    new = {"discreet_name": one_line(name), "discreet_email": email, "message_footer": lines(footer)}
    if len(new["message_footer"]) > LONGEST_FOOTER or new["message_footer"].count("\n") >= MOST_FOOTER_LINES:
        raise ValidationError(
            {
                "message_footer": _("C’est trop long : %(most)d caractères et %(lines)d lignes au plus.")
                % {"most": LONGEST_FOOTER, "lines": MOST_FOOTER_LINES}
            }
        )
    fields = sorted(field for field, value in new.items() if getattr(practice, field) != value)
    if not fields:
        return
    for field in fields:
        setattr(practice, field, new[field])
    practice.full_clean(exclude=["name"])
    practice.save(update_fields=fields)
    record("practice.correspondence_changed", by=by, on=practice, practice=practice, detail={"fields": fields})
