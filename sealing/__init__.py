"""Columns that are encrypted under the installation's SECRET_KEY, and whether this process has that key."""
