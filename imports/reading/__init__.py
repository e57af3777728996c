"""Reads files of other software into rows of text. Knows no practice and no database."""
