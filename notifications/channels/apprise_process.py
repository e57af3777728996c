"""Sends one SMS with apprise, in a process that can be killed: apprise_gateway.py runs this file.

Reads {"url", "text"} as JSON from standard input, so that no other user of the machine sees the key in the address.
Ends with TAKEN, REFUSED or UNKNOWN. Imports nothing of the site.
"""

from __future__ import annotations

import json
import sys

TAKEN, REFUSED, UNKNOWN = 0, 10, 11


def main() -> int:
    import apprise

    job = json.load(sys.stdin)
    provider = apprise.Apprise(asset=apprise.AppriseAsset(async_mode=False))
    if not provider.add(job["url"]):
        return UNKNOWN
    return TAKEN if provider.notify(body=job["text"]) else REFUSED


if __name__ == "__main__":
    sys.exit(main())
