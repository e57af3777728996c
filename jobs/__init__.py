"""Work that must not be lost: nudges for the queue, one run at a time, and whether the workers are alive."""
