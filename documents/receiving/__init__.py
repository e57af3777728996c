"""What a practice asks patients for around an appointment, and the files that patients send."""
