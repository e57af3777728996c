"""Filling in a document of the library for one appointment: answers to its blanks, drafts, the paper."""
