"""Makes the bucket that STORAGE_URL names, where it is not there yet."""

from __future__ import annotations

import os
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "docshare.settings")


def main() -> None:
    import django

    django.setup()
    from botocore.exceptions import ClientError
    from django.core.files.storage import storages

    bucket = storages["documents"].bucket  # type: ignore[attr-defined]  # S3Storage has one
    try:
        bucket.meta.client.head_bucket(Bucket=bucket.name)
    except ClientError:
        bucket.create()


if __name__ == "__main__":
    main()
