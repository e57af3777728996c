"""`python -m tests.machines [debian12|debian13|debian14|image …]`, all of them by default. As root, on Debian.

Exit codes: 1, docshare failed; 2, wrong arguments; 3, this machine cannot run a bare Debian, so docshare was not
tested.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable

from tests.machines import debian, image
from tests.machines.roots import Failed, NotHere

WALKS: dict[str, Callable[[], None]] = {
    "debian12": lambda: debian.walk("bookworm"),
    "debian13": lambda: debian.walk("trixie"),
    "debian14": lambda: debian.walk("forky"),
    "image": image.walk,
}


def main(names: list[str]) -> int:
    if unknown := set(names) - set(WALKS):
        print(f"There is no {', '.join(sorted(unknown))}; there are {', '.join(WALKS)}.", file=sys.stderr)
        return 2
    if os.geteuid() != 0:
        print("Bare machines are made by root: sudo make machines", file=sys.stderr)
        return 3
    failed = not_here = 0
    for name in names or WALKS:
        began = time.monotonic()
        print(f"--- {name}", flush=True)
        try:
            WALKS[name]()
        except NotHere as error:
            print(f"{name} was not tried. {error}", file=sys.stderr)
            not_here += 1
        except Failed as error:
            print(error, file=sys.stderr)
            failed += 1
        print(f"--- {name}: {time.monotonic() - began:.0f} s", flush=True)
    passed = len(names or WALKS) - failed - not_here
    print(f"{passed} passed, {failed} failed, {not_here} not tried")
    return 1 if failed else 3 if not_here else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
