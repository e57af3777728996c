"""Creates the bucket that STORAGE_URL names if it does not exist."""

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
    from storages.backends.s3 import S3Storage

    documents = storages["documents"]
    assert isinstance(documents, S3Storage)
    bucket = documents.bucket
    try:
        bucket.meta.client.head_bucket(Bucket=bucket.name)
    except ClientError:
        bucket.create()


if __name__ == "__main__":
    main()
