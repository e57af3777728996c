"""A practice as one archive (docs/moving.md): written by one installation, read by another."""
