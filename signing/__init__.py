"""Signatures and certificates of practitioners, signing and verifying. Knows no appointment and no patient."""
