"""Pages of patients and of those who act for them."""
