"""`make machines`: runs the README's own commands on bare Debian 12 and 13, and builds and starts the image."""
