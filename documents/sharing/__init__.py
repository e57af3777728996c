"""Sharing a document: share, take back, replace, read, and follow corrections."""
