"""The practice's library of reusable documents, imported or written."""
