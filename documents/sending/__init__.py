"""Automatic documents: rules, planning, sending, links without account."""
