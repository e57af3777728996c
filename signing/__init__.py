"""What a practitioner signs with, signing and verifying. Knows no appointment and no patient."""
