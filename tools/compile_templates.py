"""Compiles every template of ours, so that a misspelt tag fails before somebody opens the page."""

from __future__ import annotations

import os
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "docshare.settings")


def main() -> int:
    import django

    django.setup()
    from django.template import TemplateSyntaxError
    from django.template.loader import get_template

    faults = 0
    for path in sorted((ROOT / "templates").rglob("*")):
        if path.is_file():
            try:
                get_template(path.relative_to(ROOT / "templates").as_posix())
            except TemplateSyntaxError as error:
                print(f"{path.relative_to(ROOT)}: {error}")
                faults += 1
    return int(faults > 0)


if __name__ == "__main__":
    sys.exit(main())
