"""The operator's door beside Django's admin: links that open an account, and the first practice."""
