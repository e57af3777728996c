"""Folders, ports and secrets of one stack, and the user that PostgreSQL runs as."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
from dataclasses import dataclass, field
from pathlib import Path

import pyrage

from deploy.make_secrets import bucket_url, make


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def has_ipv6() -> bool:
    """Whether the machine answers on its own IPv6 address; a kernel may support IPv6 without having an address."""
    try:
        with socket.socket(socket.AF_INET6) as probe:
            probe.bind(("::1", 0))
    except OSError:
        return False
    return True


@dataclass
class Places:
    folder: Path
    settings_module: str = "docshare.settings"
    more_nginx: str = ""  # for measurements: further server blocks of nginx
    ports: dict[str, int] = field(default_factory=dict)

    @property
    def data(self) -> Path:
        return self.folder / "data"

    @property
    def secrets(self) -> Path:
        return self.folder / "secrets"

    @property
    def logs(self) -> Path:
        return self.folder / "logs"

    @property
    def outbox(self) -> Path:
        return self.data / "outbox"

    @property
    def backup_key(self) -> Path:
        """The private key that decrypts the backups; a real site never has it."""
        return self.folder / "backup-key.txt"

    def backup_recipient(self) -> str:
        """The public key of `backup_key`."""
        if not self.backup_key.exists():
            self.folder.mkdir(parents=True, exist_ok=True)
            self.backup_key.touch(mode=0o600)
            self.backup_key.write_text(f"{pyrage.x25519.Identity.generate()}\n")
        return str(pyrage.x25519.Identity.from_str(self.backup_key.read_text().strip()).to_public())

    @property
    def site(self) -> str:
        return f"https://localhost:{self.port('https')}"

    @property
    def files(self) -> str:
        return f"https://localhost:{self.port('files')}"

    def port(self, name: str) -> int:
        """The port for this name, the same at every call."""
        if name not in self.ports:
            self.ports[name] = free_port()
        return self.ports[name]

    def here(self, text: str) -> str:
        """A container's address or path, translated to this machine."""
        for there, port in (("redis:6379", "redis"), ("clamd:3310", "clamd"), ("s3:8333", "s3")):
            text = text.replace(there, f"127.0.0.1:{self.port(port)}")
        if text == "https://localhost":
            return self.site
        if text in ("/data", "/backups"):
            return str(self.folder / text.removeprefix("/"))
        return text.replace("/run/secrets/", f"{self.secrets}/")

    @property
    def as_postgres(self) -> list[str]:
        """A prefix that runs a command as the user postgres, because PostgreSQL refuses to run as root; empty if this
        is not root."""
        if os.geteuid() != 0:
            return []
        # setpriv becomes the server itself, while runuser and su would stay as its parent.
        return ["setpriv", "--reuid=postgres", "--regid=postgres", "--init-groups", "--pdeathsig=INT"]

    def prepare(self, *, storage: str) -> None:
        """Create folders, secrets, certificate, and an empty PostgreSQL."""
        for folder in (self.data, self.logs, self.outbox, self.folder / "acme"):
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        make(self.secrets, database=f"127.0.0.1:{self.port('postgres')}")
        urls = {
            "email_url": f"smtp://127.0.0.1:{self.port('smtp')}",
            "sms_url": f"http://127.0.0.1:{self.port('sms')}/send",
        }
        if storage == "s3":
            urls["storage_url"] = bucket_url(self.secrets, f"127.0.0.1:{self.port('s3')}", public=self.files)
        for name, url in urls.items():
            (self.secrets / name).unlink(missing_ok=True)
            (self.secrets / name).write_text(url)
        self._make_certificate()
        self._make_database()

    def _make_certificate(self) -> None:
        subprocess.run(
            [
                *("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"),
                *("-days", "2", "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost"),
                *("-keyout", str(self.secrets / "tls_key"), "-out", str(self.secrets / "tls_certificate")),
            ],
            check=True,
            capture_output=True,
        )

    def _make_database(self) -> None:
        data, password = self.folder / "postgres", self.folder / "postgres-password"
        data.mkdir(mode=0o700)
        password.write_text((self.secrets / "database_password").read_text())
        if self.as_postgres:
            shutil.chown(data, "postgres")
            shutil.chown(password, "postgres")
            self.folder.chmod(0o711)  # PostgreSQL must traverse it
        from tools.stack.parts import program

        subprocess.run(
            [
                *(*self.as_postgres, program("initdb"), "-D", str(data), "-U", "docshare", "-A", "scram-sha-256"),
                *("--pwfile", str(password), "--encoding", "UTF8", "--locale", "C.UTF-8"),
            ],
            check=True,
            capture_output=True,
            cwd="/",
        )
        password.unlink()
