"""Shapes in and out. Reading only: what is written goes through the use cases, which check it."""
