"""`make bench`: prints medians as ratios to a floor measured in the same run; docs/performance.md has the figures.

`python -m bench signing`: signing alone, without a database (bench/signing.py). `python -m bench.open_verification`:
pages while strangers verify slow files (bench/open_verification.py). `python -m bench.patients_sending`: pages while
patients send large files (bench/patients_sending.py). `python -m bench chain`: the effects of bookings, on PostgreSQL
and Redis (bench/chain.py). `python -m bench.pages`: pages beside a bare view. `python -m bench.starting`: a second
`make run`, and its memory.
"""

from __future__ import annotations

import subprocess
import sys

from bench.installation import demo, embedded


def main() -> None:
    if sys.argv[1:] == ["chain"]:
        from bench import chain

        chain.run()
        return
    with embedded():
        from bench import bookings, memory, sharing, signing

        signing.run()
        if sys.argv[1:] == ["signing"]:
            return
        demo()
        sharing.run()
        memory.run()
        bookings.rules_that_do_not_match()
    # With servers of their own.
    for part in ("pages", "starting", "serving", "open_verification", "patients_sending", "many_documents"):
        subprocess.run([sys.executable, "-m", f"bench.{part}"], check=True)


if __name__ == "__main__":
    main()
