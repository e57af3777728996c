"""Tells a practice's own software what happened, over HTTP."""
