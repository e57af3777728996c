"""`make_backup_key.py > key.txt`: makes a key pair for encrypted backups, in the format of age-keygen.

BACKUP_RECIPIENT is the public key. The private key decrypts every backup: it is shown once, and the site never needs
it. Store key.txt away from the site, with a copy on paper; without it no backup can be restored.
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
