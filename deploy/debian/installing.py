"""`deploy/debian/install [HOST]`: installs everything that docshare needs on this machine. A second run changes
nothing.

The shell script of that name installs Debian's packages first. Standard library only.
"""

from __future__ import annotations

import argparse
import re
import sys
from pathlib import Path

from deploy.debian import servers, site, tls
from deploy.debian.places import ENVIRONMENT, NGINX, ROOT, SECRETS
from deploy.debian.system import CannotContinue, main, say

HOST_NAME = re.compile(r"(?=.{1,253}$)[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)+")


def install(arguments: list[str]) -> None:
    parser = argparse.ArgumentParser(
        prog="deploy/debian/install", description="Install docshare, or bring it up to date."
    )
    parser.add_argument("host", nargs="?", help="the host name of the site, asked for if it is not given")
    parser.add_argument("--certificate", type=Path, help="its TLS certificate with the chain, PEM (with --key)")
    parser.add_argument("--key", type=Path, help="the private key of the certificate, PEM without a password")
    options = parser.parse_args(arguments)
    if bool(options.certificate) != bool(options.key):
        raise CannotContinue("Give --certificate and --key together.")
    site.refuse_hidden_checkout()
    host = host_name(options.host)
    site.make_user_and_folders()
    site.write_settings(host)
    if options.certificate:
        tls.keep(options.certificate, options.key, host)
    for_trying = tls.prepare(host)
    servers.prepare_database()
    servers.prepare_queue()
    servers.prepare_scanner()
    site.install_packages()
    site.install_units()
    if for_trying:
        say(for_trying)
    if lines := site.missing():
        raise CannotContinue(
            "\n".join(["docshare is installed, and starts once you have written:", *lines, "Then run this again."])
        )
    site.start_or_replace(host)
    say(f"https://{host} answers. Its first operator, if there is none yet: docsharectl first_run")


def host_name(wanted: str | None) -> str:
    """The host name: given, installed before, or typed. Raises CannotContinue."""
    before = site.host_in_place()
    if wanted and before and wanted.lower() != before:
        raise CannotContinue(
            f"This machine has {before}. To serve {wanted} instead, replace the name in {ENVIRONMENT} and "
            f"{NGINX}, remove {SECRETS / 'tls_certificate'} and its key, and run this again."
        )
    host = (wanted or before or (input("Host name of the site: ") if sys.stdin.isatty() else "")).strip().lower()
    if not host:
        raise CannotContinue(f"Say the host name of the site: {ROOT}/deploy/debian/install documents.example")
    if not HOST_NAME.fullmatch(host):
        raise CannotContinue(f"{host} is no host name. Give it without https:// and without a path.")
    return host


if __name__ == "__main__":
    main(install)
