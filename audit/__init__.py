"""Who did what to what, and when: a chain of lines that only grows."""
