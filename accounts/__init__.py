"""Users: sign-in, second factor, known devices, API tokens."""
