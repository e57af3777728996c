"""The bytes of a signed PDF: read, signed and judged, most of it in confined child processes."""
