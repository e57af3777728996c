"""The font of the stamp, made light: Latin letters alone, without the tables that lay out other scripts.

Parsing the whole font was nine tenths of the time of a signature (`make bench`).
"""

from __future__ import annotations

import io
from functools import lru_cache

from django.conf import settings
from fontTools import subset
from fontTools.ttLib import TTFont

LAYOUT = ["GDEF", "GPOS", "GSUB", "kern"]
LATIN = [*range(0x20, 0x250), *range(0x1E00, 0x1F00), *range(0x2010, 0x2040), 0x20AC]


@lru_cache(maxsize=1)
def stamp_font() -> bytes:
    """TrueType, one thousand units per em (pyHanko does not scale the widths of other fonts)."""
    font = TTFont(settings.STAMP_FONT, lazy=True)
    for table in LAYOUT:
        if table in font:
            del font[table]
    light = subset.Subsetter(subset.Options(hinting=False, notdef_outline=True))
    light.populate(unicodes=LATIN)
    light.subset(font)
    written = io.BytesIO()
    font.save(written)
    return written.getvalue()
