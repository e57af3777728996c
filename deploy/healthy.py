"""The health check of the container: exit code 0 when /readyz says that everything answers."""

from __future__ import annotations

import os
import sys
import urllib.error
import urllib.request
from urllib.parse import urlsplit


def main() -> int:
    public = urlsplit(os.environ.get("PUBLIC_URL", "http://localhost"))
    question = urllib.request.Request(
        f"http://127.0.0.1:{os.environ.get('PORT', '8000')}/readyz",
        headers={"Host": public.netloc, "X-Forwarded-Proto": public.scheme},
    )
    try:
        with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(question, timeout=8):
            return 0
    except OSError as error:
        print(error.read().decode() if isinstance(error, urllib.error.HTTPError) else error, file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main())
