"""Two records of one person become one, and are separated again within 30 days."""
