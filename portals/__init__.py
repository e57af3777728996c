"""The doors: HTTP in, one call of a use case, one template or serializer out. They do not import each other."""
