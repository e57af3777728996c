"""What apprise does for one SMS, in a process that can be ended: apprise_gateway.py starts this very file.

Reads {"url", "text"} as JSON from standard input, where no other user of the machine sees the key in the address.
Ends with TAKEN, REFUSED or UNKNOWN. Needs nothing of the site's.
"""

from __future__ import annotations

import json
import sys

TAKEN, REFUSED, UNKNOWN = 0, 10, 11


def main() -> int:
    import apprise

    asked = json.load(sys.stdin)
    provider = apprise.Apprise(asset=apprise.AppriseAsset(async_mode=False))
    if not provider.add(asked["url"]):
        return UNKNOWN
    return TAKEN if provider.notify(body=asked["text"]) else REFUSED


if __name__ == "__main__":
    sys.exit(main())
