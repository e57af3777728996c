"""Notifies a practice's own software of events, over HTTP."""
