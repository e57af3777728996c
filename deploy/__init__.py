"""What production runs: web server, parts of the installation, preparation of a release."""
