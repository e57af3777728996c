"""Documents around an appointment: shared with those who may see them, or sent by rules; and the library."""
