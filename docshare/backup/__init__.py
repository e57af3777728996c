"""Saves a whole installation (database, files, optionally keys) to a folder, and restores it on an empty machine.

<folder>/manifest.json      what is here: database and its digest, migrations, counts, the audit trail's anchor
<folder>/database           as the database's own tool writes it: restores exactly, triggers and sequences included
<folder>/files.jsonl        {"key", "size", "sha256"} of each file
<folder>/files/aa/aa…       the files, by key
<folder>/secrets/           with --with-keys: SECRET_KEY and SIGNING_PASSPHRASE, and former ones that are still given.
                            Without them, signing keys and sealed texts are lost: store them elsewhere if you leave
                            them out
"""
