"""Tools for developers: checks, generated pages, the whole of production on one machine."""
