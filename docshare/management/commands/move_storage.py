"""`NEW_STORAGE_URL=s3://… manage.py move_storage`: copies every file of the current storage to another.

1. Run it beside the working site: it copies everything, and may be stopped and run again.
2. Stop the site; run it again for files added meanwhile.
3. Set STORAGE_URL to the new address, run `manage.py fsck`, start the site. Remove the old files yourself.

The address comes from the environment (or NEW_STORAGE_URL_FILE): `ps` would show the secret in an argument.
"""

from __future__ import annotations

import hashlib
import sys
from typing import Any

from django.conf import settings
from django.core.files.storage import storages
from django.core.management.base import BaseCommand, CommandError

from docshare.document_storage import document_storage
from docshare.environment import Environment
from files.moving import move_to


class Command(BaseCommand):
    help = "Copies every stored file to the storage that NEW_STORAGE_URL names, verified by hash; can be resumed."

    def handle(self, *args: Any, **options: Any) -> None:
        env = Environment()
        url = env.str("NEW_STORAGE_URL", "")
        if not url:
            raise CommandError("Set NEW_STORAGE_URL to where the files are to go: s3://… or file:///….")
        if url == (settings.STORAGE_URL or settings.DOCUMENTS_DIR.as_uri()):
            raise CommandError("NEW_STORAGE_URL is the storage of now.")
        keys = {"access_key": env.str("S3_ACCESS_KEY", ""), "secret_key": env.str("S3_SECRET_KEY", "")}
        target = storages.create_storage(document_storage(url, **keys).backend)
        noted = settings.DATA_DIR / "moving" / hashlib.sha256(url.encode()).hexdigest()[:16]
        moved = move_to(target, noted=noted, report=self.stdout.write)
        self.stderr.write(f"{moved.copied} files copied, {moved.known} were there, {moved.failed} failed.")
        if moved.failed:
            sys.exit(1)
