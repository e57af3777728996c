"""Other libraries that sign PDF, from the registries, beside ours."""
