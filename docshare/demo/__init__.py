"""The demo practice: two practitioners with a signature, a secretary, an administrator, patients and a library."""
