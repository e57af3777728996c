"""`make_backup_key.py > key.txt`: a key pair for encrypted backups, as age-keygen writes it.

BACKUP_RECIPIENT is the public one. The private one opens every backup: it is shown once, and the site never needs it.
Keep key.txt away from the site, and a copy of it on paper; without it no backup can be restored.
"""

from __future__ import annotations

import sys

import pyrage


def main() -> None:
    identity = pyrage.x25519.Identity.generate()
    print(f"# public key: {identity.to_public()}\n{identity}")
    print(f"Public key: {identity.to_public()}", file=sys.stderr)


if __name__ == "__main__":
    main()
