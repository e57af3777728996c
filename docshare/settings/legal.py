"""Who publishes and hosts the site, for the legal pages (law 2004-575, article 1-1; law 2005-102, article 47).

Several lines of a text are separated by semicolons, or by line breaks in the file that `X_FILE` names.
"""

from __future__ import annotations

import re

from django.core.exceptions import ImproperlyConfigured

from docshare.settings.installation import env


def _lines(text: str) -> list[str]:
    return [line.strip() for line in re.split(r"[;\n]", text) if line.strip()]


PUBLISHER = _lines(env.str("PUBLISHER", ""))
PUBLICATION_DIRECTOR = env.str("PUBLICATION_DIRECTOR", "")
HOSTING_PROVIDER = _lines(env.str("HOSTING_PROVIDER", ""))
LEGAL_EMAIL = env.str("LEGAL_EMAIL", "")
DATA_PROTECTION_OFFICER = env.str("DATA_PROTECTION_OFFICER", "")
# What an audit by RGAA found; "none" as long as there was none.
ACCESSIBILITY = env.str("ACCESSIBILITY", "none")
if ACCESSIBILITY not in {"none", "partial", "full"}:
    raise ImproperlyConfigured("ACCESSIBILITY is not none, partial or full. Set it to what the audit found.")
