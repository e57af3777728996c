"""`make bench`: prints medians as ratios to a floor measured in the same run; docs/performance.md has the figures.

`python -m bench signing`: signing alone, without a database (bench/signing.py). `python -m bench.open_verification`:
pages while strangers verify slow files (bench/open_verification.py). `python -m bench.patients_sending`: pages while
patients send large files (bench/patients_sending.py). `python -m bench chain`: the effects of bookings, on PostgreSQL
and Redis (bench/chain.py). `python -m bench.pages`: pages beside a bare view. `python -m bench.starting`: a second
`make run`, and its memory.
"""

from __future__ import annotations

import io
import os
import subprocess
import sys
import tempfile

from bench.installation import set_up


def main() -> None:
    if sys.argv[1:] == ["chain"]:
        from bench import chain

        chain.run()
        return
    with tempfile.TemporaryDirectory(prefix="docshare-bench-") as data_dir:
        os.environ["DATA_DIR"] = data_dir
        set_up()
        if sys.argv[1:] == ["signing"]:
            from bench import signing

            signing.run()
            return
        from django.conf import settings
        from django.core.management import call_command

        from docshare.queue import start_private_valkey

        queue = start_private_valkey(settings.VALKEY_SOCKET.parent)
        try:
            call_command("migrate", verbosity=0)
            call_command("demo", verbosity=0, stdout=io.StringIO())
            from bench import bookings, memory, sharing, signing

            signing.run()
            sharing.run()
            memory.run()
            bookings.rules_that_do_not_match()
        finally:
            queue.terminate()
            queue.wait(10)
    # With servers of their own.
    for part in ("pages", "starting", "serving", "open_verification", "patients_sending", "many_documents"):
        subprocess.run([sys.executable, "-m", f"bench.{part}"], check=True)


if __name__ == "__main__":
    main()
