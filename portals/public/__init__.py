"""Pages that need no account, and those that all visitors share: home, errors, links, verification."""
