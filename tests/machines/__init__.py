"""`make machines`: the README's own commands on bare Debian 12 and 13, and the image built and started."""
