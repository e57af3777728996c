"""`make bench`: medians, as ratios to a floor measured beside them; docs/performance.md keeps the figures."""

from __future__ import annotations

import io
import os
import tempfile


def main() -> None:
    with tempfile.TemporaryDirectory(prefix="docshare-bench-") as data_dir:
        os.environ["DATA_DIR"] = data_dir
        os.environ.setdefault("DJANGO_SETTINGS_MODULE", "docshare.settings")
        import django

        django.setup()
        from django.conf import settings
        from django.core.management import call_command

        from docshare.queue import start_private_valkey

        queue = start_private_valkey(settings.VALKEY_SOCKET.parent)
        try:
            call_command("migrate", verbosity=0)
            call_command("demo", verbosity=0, stdout=io.StringIO())
            from bench import memory, sharing

            sharing.run()
            memory.run()
        finally:
            queue.terminate()
            queue.wait(10)


if __name__ == "__main__":
    main()
