"""Pages that need no account, and those every visitor shares: home, errors, links, verification."""
