"""Documents that somebody prepares and a practitioner signs: what waits is the intention, never a byte."""
