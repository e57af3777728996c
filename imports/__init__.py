"""Moving in: patients and appointments from the files and calendars of a practice's other software."""
