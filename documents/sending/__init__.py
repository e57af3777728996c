"""Documents that send themselves: rules, planning, sending, links that need no account."""
