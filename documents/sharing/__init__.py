"""Sharing a document with who may see it: share, take back, replace, read, follow corrections."""
