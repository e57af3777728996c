"""Where the practice that a member of several works in is stored."""

CHOSEN = "practice"  # the key in the session and in forms
