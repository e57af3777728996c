"""`make lint`: runs every check, so that one run shows all faults; the exit code says whether any check failed.

`--quick` leaves out checks that only a change of models, templates or settings can break.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
BIN = Path(sys.executable).parent

# Settings of a production site, so that `check --deploy` judges these.
PRODUCTION = {
    "DOCSHARE_ENV": "production",
    "PUBLIC_URL": "https://documents.example",
    "ALLOWED_HOSTS": "documents.example",
    "SECRET_KEY": "lint-only-" + "0123456789abcdefghijklmnopqrstuvwxyz" * 2,
    "SIGNING_PASSPHRASE": "lint-only-" + "zyxwvutsrqponmlkjihgfedcba9876543210",
    "DATABASE_URL": "postgres://docshare@database.example/docshare",
    "REDIS_URL": "redis://queue.example:6379/0",
    "EMAIL_URL": "smtp+tls://docshare:password@mail.example:587",
    "SMS_URL": "https://sms.example/send",
    "SMS_TOKEN": "lint-only",
    "CLAMD_URL": "tcp://scanner.example:3310",
    "TRUSTED_PROXY_COUNT": "1",
    "SECURE_SSL_REDIRECT": "true",
}


QUICK = {"format", "ruff", "imports", "texts", "markup"}


def main(arguments: list[str]) -> int:
    manage = [sys.executable, "-W", "error::RuntimeWarning", "manage.py"]
    with tempfile.TemporaryDirectory(prefix="docshare-lint-") as data_dir:
        embedded = {
            **{name: value for name, value in os.environ.items() if name not in PRODUCTION},
            "DATA_DIR": data_dir,
        }
        checks = [
            ("format", [str(BIN / "ruff"), "format", "--check", "--quiet", "."], embedded),
            ("ruff", [str(BIN / "ruff"), "check", "--quiet", "."], embedded),
            ("imports", [str(BIN / "lint-imports")], embedded),
            ("texts", [sys.executable, "deploy/texts.py"], embedded),
            ("migrations", [*manage, "makemigrations", "--check", "--dry-run"], embedded),
            ("upgrade", [sys.executable, "tools/lint_migrations.py"], embedded),
            ("markup", [sys.executable, "tools/lint_templates.py"], embedded),
            ("templates", [sys.executable, "tools/compile_templates.py"], embedded),
            ("production", [*manage, "check", "--deploy", "--fail-level", "WARNING"], {**embedded, **PRODUCTION}),
        ]
        if "--quick" in arguments:
            checks = [check for check in checks if check[0] in QUICK]
        with ThreadPoolExecutor(1) as beside:  # takes as long as all the others together
            types = beside.submit(passes, "types", [str(BIN / "mypy")], embedded)
            failed = [name for name, command, environment in checks if not passes(name, command, environment)]
            failed += [] if types.result() else ["types"]
    if failed:
        print(f"\nNot clean: {', '.join(failed)}", file=sys.stderr)
    return int(bool(failed))


def passes(name: str, command: list[str], environment: dict[str, str]) -> bool:
    done = subprocess.run(command, cwd=ROOT, env=environment, check=False, capture_output=True, text=True)
    print(f"{'ok  ' if done.returncode == 0 else 'FAIL'} {name}", flush=True)
    if done.returncode != 0:
        print(done.stdout + done.stderr, flush=True)
    return done.returncode == 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
