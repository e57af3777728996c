"""What developers run: checks, generated pages, the whole of production on one machine."""
