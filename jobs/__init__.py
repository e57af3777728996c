"""Work that must not be lost: leases, nudges for the queue, one run at a time, and heartbeats of the workers."""
