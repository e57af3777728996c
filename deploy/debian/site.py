"""Installs the site on this machine: user, settings, packages and units, and starts or replaces its parts."""

from __future__ import annotations

import grp
import http.client
import os
import re
import shutil
import socket
import ssl
import sys
import time
from collections.abc import Mapping
from pathlib import Path

from deploy.debian import environment_file
from deploy.debian.places import (
    CERTIFICATE,
    COMMAND,
    ENVIRONMENT,
    NGINX,
    PYTHON,
    ROOT,
    SECRETS,
    SETTINGS,
    SYSUSERS,
    TMPFILES,
    UNITS,
    USER,
)
from deploy.debian.system import CannotContinue, ask, run, say, succeeds, write
from deploy.make_secrets import TO_WRITE, make_empty, make_up

EXAMPLE = "documents.example"
WHERE_UNITS_SAY = "/srv/docshare"
HIDDEN_FROM_SERVICES = ("/home/", "/root/", "/run/user/", "/tmp/", "/var/tmp/")
START_SECONDS = 120
IPV6 = Path("/proc/net/if_inet6")  # exists if the kernel supports IPv6
NEEDED = ("email_url", "sms_url")
MADE_UP = ("secret_key", "signing_passphrase", "metrics_token")
WRITTEN_LATER = ("database_url", "redis_url")  # written by deploy.debian.servers


def refuse_hidden_checkout() -> None:
    if str(ROOT).startswith(HIDDEN_FROM_SERVICES):
        raise CannotContinue(f"Services do not see {ROOT}. Have the checkout in {WHERE_UNITS_SAY}.")


def make_user_and_folders() -> None:
    for source, target, command in (
        ("sysusers.conf", SYSUSERS, ("systemd-sysusers",)),
        ("tmpfiles.conf", TMPFILES, ("systemd-tmpfiles", "--create")),
    ):
        write(target, (ROOT / "deploy" / "debian" / source).read_text())
        run(*command, target, failure=f"{command[0]} could not do what {target} says.")
    # Files written here later belong to the site's group (setgid), and other users can't read them.
    SECRETS.mkdir(parents=True, exist_ok=True)
    for folder, mode in ((SETTINGS, 0o750), (SECRETS, 0o2750)):
        shutil.chown(folder, "root", USER)
        folder.chmod(mode)


def write_settings(host: str) -> None:
    """Write secrets and the two files of variables; existing values stay."""
    for example, target in (("environment.example", ENVIRONMENT), ("nginx.example", NGINX)):
        text = target.read_text() if target.exists() else example_of(example, host)
        if target == NGINX:  # its template needs a value for each name; other settings have defaults
            text = with_new_names(text, example_of(example, host))
        write(target, text, mode=0o640, group=USER)
    make_secrets(environment_file.read(ENVIRONMENT))
    open_secrets_to_the_group()


def make_secrets(settings: Mapping[str, str]) -> None:
    """Write a file for each missing secret that the settings name: without it, no process starts."""
    make_up(SECRETS, MADE_UP)
    named = {Path(value) for name, value in settings.items() if name.endswith("_FILE")}
    ours = {path.name for path in named if path.parent == SECRETS}
    make_empty(SECRETS, sorted(ours - {*MADE_UP, *WRITTEN_LATER}))


def example_of(name: str, host: str) -> str:
    """The file of deploy/systemd for this host and this machine."""
    text = (ROOT / "deploy" / "systemd" / name).read_text().replace(EXAMPLE, host).replace(WHERE_UNITS_SAY, str(ROOT))
    return text if IPV6.exists() else text.replace("[::]:", "127.0.0.2:")


def with_new_names(text: str, example: str) -> str:
    """`text` followed by the lines of `example` whose names it lacks (settings of a newer version)."""
    has = environment_file.parse(text)
    new = [
        line for line in example.splitlines() if (name := line.partition("=")[0]).isidentifier() and name not in has
    ]
    if not new:
        return text
    say(f"New in {NGINX}: {', '.join(new)}")
    return "\n".join([text.rstrip("\n"), *new, ""])


def open_secrets_to_the_group() -> None:
    """Make secrets readable for the group, also those that an administrator wrote with another umask."""
    group = grp.getgrnam(USER).gr_gid
    for path in SECRETS.iterdir():
        if path.is_file() and not path.is_symlink():
            os.chown(path, 0, group)
            path.chmod(0o640)


def host_in_place() -> str:
    """The host name of the installation; "" before the installation."""
    return environment_file.read(NGINX).get("SITE_HOST", "") if NGINX.exists() else ""


def missing() -> list[str]:
    """A line for each missing value that only the administrator knows."""
    settings = environment_file.read(ENVIRONMENT)
    lines = []
    for name in NEEDED:
        path = Path(settings.get(f"{name.upper()}_FILE") or SECRETS / name)
        if not settings.get(name.upper()) and not (path.exists() and path.read_text().strip()):
            lines.append(f"  {path}: {TO_WRITE[name]}")
    return lines


def install_packages() -> None:
    """Install the locked Python and Node packages, texts and static files, readable by the site's user."""
    run(
        *(sys.executable, ROOT / "deploy" / "environment.py", "runtime"),
        failure="The packages could not be installed. Run this again once the lines above are dealt with.",
    )
    static = environment_file.read(ENVIRONMENT).get("STATIC_ROOT") or str(ROOT / ".static")
    run(
        *(PYTHON, ROOT / "deploy" / "prepare.py", "--checkout"),
        environment={**os.environ, "STATIC_ROOT": static},
        failure="Texts and static files could not be prepared; the lines above say why.",
    )
    private = {"data", "secrets", "acme", ".git"}
    run(
        "chmod",
        "-R",
        "go+rX",
        *(path for path in ROOT.iterdir() if path.name not in private),
        failure=f"{ROOT} could not be made readable for the site.",
    )
    ROOT.chmod(0o755)


def install_units() -> None:
    changed = False
    for source in sorted((ROOT / "deploy" / "systemd").glob("docshare*")):
        changed |= write(UNITS / source.name, source.read_text().replace(WHERE_UNITS_SAY, str(ROOT)))
    if changed:
        run("systemctl", "daemon-reload", failure="systemd did not read the units.")
    target = ROOT / "deploy" / "debian" / COMMAND.name
    if not COMMAND.is_symlink() or COMMAND.readlink() != target:
        COMMAND.unlink(missing_ok=True)
        COMMAND.symlink_to(target)


def start_or_replace(host: str) -> None:
    """Migrate the database, then start every part, or replace running parts one by one."""
    run(COMMAND, "migrate", "--no-input", "--verbosity", "0", failure="The database could not be brought up to date.")
    timer = "docshare-backup.timer"
    run("systemctl", "enable", "--quiet", "docshare.target", timer, failure="The units could not be enabled.")
    if succeeds("systemctl", "is-active", "docshare-nginx.service"):
        replace_parts(host)
    run("systemctl", "start", "docshare.target", timer, failure="docshare did not start: journalctl -u 'docshare-*'")
    wait_until_ready(host)


def replace_parts(host: str) -> None:
    """Replace web processes one after the other, each once the one before answers; then workers, scheduler, nginx."""
    for unit in running_units("docshare-web@*.service"):
        restart(unit)
        (number,) = re.findall(r"@(\d+)\.", unit)
        wait_for_web(unit, 8000 + int(number), host)
    for unit in [*running_units("docshare-worker@*.service"), *running_units("docshare-beat.service")]:
        restart(unit)
    reload_nginx()


def reload_nginx() -> None:
    failure = "nginx did not take its configuration: journalctl -u docshare-nginx"
    run("systemctl", "reload", "docshare-nginx.service", failure=failure)


def restart(unit: str) -> None:
    say(f"Replacing {unit} …")
    run("systemctl", "restart", unit, failure=f"{unit} did not start: journalctl -u {unit}")


def running_units(pattern: str) -> list[str]:
    listed = ask("systemctl", "list-units", "--plain", "--no-legend", "--state=active", pattern)
    return sorted(line.split()[0] for line in listed.splitlines())


def wait_for_web(unit: str, port: int, host: str) -> None:
    deadline = time.monotonic() + START_SECONDS
    answer = "nothing"
    while time.monotonic() < deadline:
        try:
            connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
            connection.request("GET", "/healthz", headers={"Host": host, "X-Forwarded-Proto": "https"})
            answer = str(connection.getresponse().status)
        except OSError as error:
            answer = str(error)
        if answer == "200":
            return
        time.sleep(0.2)
    raise CannotContinue(f"{unit} does not answer ({answer}); the others still run. journalctl -u {unit} says why.")


def wait_until_ready(host: str) -> None:
    """Wait until the site reports, through nginx and TLS, that all of its parts answer. Raises CannotContinue."""
    deadline = time.monotonic() + START_SECONDS
    answer = "nothing"
    while time.monotonic() < deadline:
        try:
            status, answer, _certificate = ask_site(host)
            if status == 200:
                return
        except OSError as error:
            answer = str(error)
        time.sleep(0.5)
    raise CannotContinue(
        f"https://{host}/readyz does not say that all is well, but: {answer}\njournalctl -u 'docshare-*'"
    )


def wait_until_served(host: str) -> None:
    """Wait until nginx, which is reloading, presents the installed certificate."""
    first = CERTIFICATE.read_text().partition(ssl.PEM_FOOTER)[0].partition(ssl.PEM_HEADER)[2]
    wanted = ssl.PEM_cert_to_DER_cert(f"{ssl.PEM_HEADER}{first}{ssl.PEM_FOOTER}")
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        if ask_site(host)[2] == wanted:
            return
        time.sleep(0.2)
    raise CannotContinue("nginx still shows the former certificate: journalctl -u docshare-nginx")


def ask_site(host: str) -> tuple[int, str, bytes | None]:
    """Status and body of /readyz, and the unverified certificate (DER), as seen from this machine."""
    port = int(environment_file.read(NGINX).get("HTTPS_PORT", "443").rpartition(":")[2])
    context = ssl._create_unverified_context()
    with (
        socket.create_connection(("127.0.0.1", port), 10) as plain,
        context.wrap_socket(plain, server_hostname=host) as wire,
    ):
        certificate = wire.getpeercert(binary_form=True)
        connection = http.client.HTTPConnection(host)
        connection.sock = wire
        connection.request("GET", "/readyz")
        response = connection.getresponse()
        return response.status, response.read(2000).decode(errors="replace"), certificate
