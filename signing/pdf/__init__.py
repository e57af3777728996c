"""Reads, signs and verifies PDF files, mostly in confined child processes."""
