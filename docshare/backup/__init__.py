"""A whole installation in a folder: database, files, keys; and back on an empty machine.

<folder>/manifest.json      what is here: database and its digest, migrations, counts, the audit trail's anchor
<folder>/database           as the database's own tool writes it: restores exactly, triggers and sequences included
<folder>/files.jsonl        {"key", "size", "sha256"} of each file
<folder>/files/aa/aa…       the files, by key
<folder>/secrets/           SECRET_KEY and SIGNING_PASSPHRASE: without them, signing keys and sealed texts are lost
"""
