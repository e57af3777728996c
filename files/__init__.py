"""Untrusted bytes in, bytes out: intake, sandbox, storage, previews, serving. Knows no appointment and no patient."""
