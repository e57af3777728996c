"""Fills ${NAME} in a file from the environment, as the nginx image does: `fill_in.py template target`.

Standard library only: it runs before anything is installed. `$name` without braces is a variable of nginx.
"""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Mapping
from pathlib import Path

NAME = re.compile(r"\$\{([A-Z][A-Z0-9_]*)\}")


def fill_in(template: str, values: Mapping[str, str]) -> str:
    """Replace the names. Raises KeyError with the names without a value."""
    if missing := sorted(set(NAME.findall(template)) - values.keys()):
        raise KeyError(", ".join(missing))
    return NAME.sub(lambda match: values[match[1]], template)


if __name__ == "__main__":
    try:
        filled = fill_in(Path(sys.argv[1]).read_text(), os.environ)
    except KeyError as missing:
        sys.exit(f"Not set: {missing.args[0]}.")
    Path(sys.argv[2]).write_text(filled)
