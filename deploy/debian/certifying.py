"""`deploy/debian/certificate CERTIFICATE KEY`: installs the site's certificate. Also for certbot's --deploy-hook.

Without arguments it takes those of RENEWED_LINEAGE, which certbot sets. Standard library only.
"""

from __future__ import annotations

import os
from pathlib import Path

from deploy.debian import site, tls
from deploy.debian.system import CannotContinue, main, say, succeeds


def certify(arguments: list[str]) -> None:
    lineage = os.environ.get("RENEWED_LINEAGE")
    if not arguments and lineage:
        arguments = [f"{lineage}/fullchain.pem", f"{lineage}/privkey.pem"]
    if len(arguments) != 2:
        raise CannotContinue("Say both files: deploy/debian/certificate CERTIFICATE KEY (PEM).")
    host = site.host_in_place()
    if not host:
        raise CannotContinue("Install docshare first (deploy/debian/install); it takes --certificate and --key.")
    changed = tls.keep(Path(arguments[0]), Path(arguments[1]), host)
    if changed and succeeds("systemctl", "is-active", "docshare-nginx.service"):
        site.reload_nginx()
        site.wait_until_served(host)
    say(f"{host} has {'a new' if changed else 'the same'} certificate.")


if __name__ == "__main__":
    main(certify)
