"""The parts of a production site as processes of this machine, each as in docker-compose.yml.

Commands, environment and health checks of our own parts come from that file; host names and folders of containers are
replaced by local addresses and folders. PostgreSQL, Redis, clamd, the S3 server and nginx are this machine's own
programs with the same configuration files.
"""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from deploy.fill_in import fill_in
from tools.stack.compose import Service, services
from tools.stack.places import Places, has_ipv6
from tools.test_tools import PATH as SYSTEM_PATH

ROOT = Path(__file__).resolve().parents[2]
BIN = Path(sys.executable).parent
PATH = os.pathsep.join([str(BIN), SYSTEM_PATH])


class CannotStart(Exception):
    """The message is a sentence for the person at the terminal."""


# High limits, because tests sign the same few people in again and again; the limits have tests of their own.
MANY_SMS = dict.fromkeys(
    ("SMS_PER_ACCOUNT", "SMS_PER_STAFF", "SMS_PER_NUMBER", "SMS_PER_PRACTICE"), "1000000,1000000"
)


# Without IPv6, another IPv4 loopback address, as in deploy/systemd/nginx.example.
LOOPBACK_IPV6 = "[::1]" if has_ipv6() else "127.0.0.2"


@dataclass(frozen=True)
class Part:
    """One process. `name`: the service's, with a number if there are several; `check`: a command that succeeds if it
    is healthy."""

    name: str
    command: list[str]
    environment: dict[str, str]
    check: list[str]
    service: str = field(default="")


def program(*names: str) -> str:
    """The path of the first of these programs that the machine has."""
    for name in names:
        if path := shutil.which(name, path=PATH):
            return path
    raise CannotStart(f"{names[0]} is not installed (make stack installs what it needs where it may).")


def python(*code: str) -> list[str]:
    return [sys.executable, "-c", "; ".join(code)]


class Parts:
    """The parts for one folder, in the order in which they start."""

    def __init__(self, places: Places, *, storage: str, values: dict[str, str]) -> None:
        self.places = places
        self.storage = storage
        self.services = services(values)

    def servers(self) -> Iterator[Part]:
        """The servers that the site needs."""
        yield self.postgres()
        yield self.redis()
        yield self.clamd()
        yield self.sink("smtp")
        yield self.sink("sms")
        if self.storage == "s3":
            yield self.s3()

    def site(self) -> Iterator[Part]:
        for name in ("web", "worker", "beat", "backup"):
            service = self.services[name]
            for number in range(1, service.replicas + 1):
                yield self.own(service, number)

    def once(self, name: str) -> Part:
        """A part that runs once and ends: migrate, bucket."""
        return self.own(self.services[name], 1)

    def own(self, service: Service, number: int) -> Part:
        """A part of the site itself: `web-1`, `worker-2`, `beat-1`."""
        name = f"{service.name}-{number}"
        environment = self.environment_of(service) | {"UNDO_SECONDS": "0"}  # walks read a message once it is planned
        command = [str(BIN / service.command[0]), *map(self.places.here, service.command[1:])]
        if service.name == "web":
            port = str(self.places.port(name))
            environment |= {"PORT": port, "BIND": f"127.0.0.1:{port}", "WEB_CONCURRENCY": "1"}
        if service.name == "worker":  # containers have host names of their own
            environment["WORKER_NAME"] = f"{name}@localhost"
            command += ["--hostname", environment["WORKER_NAME"]]
        check = [str(BIN / service.health_check[0]), *service.health_check[1:]] if service.health_check else []
        return Part(name, command, environment, check, service.name)

    def environment_of(self, service: Service) -> dict[str, str]:
        ours = {"PATH": PATH, "LANG": "C.UTF-8", "DJANGO_SETTINGS_MODULE": self.places.settings_module}
        return ours | MANY_SMS | {name: self.places.here(value) for name, value in service.environment.items()}

    def nginx(self) -> Part:
        service = self.services["nginx"]
        places = self.places
        values = service.environment | {
            "PUBLIC_URL": places.site,
            "FILES_HOST": "localhost",
            "WEB_SERVERS": " ".join(
                f"server 127.0.0.1:{places.port(part.name)} fail_timeout=2s;" for part in self.webs()
            ),
            "S3_SERVER": f"127.0.0.1:{places.port('s3')}",
            "HTTP_PORT": f"127.0.0.1:{places.port('http')}",
            "HTTPS_PORT": f"127.0.0.1:{places.port('https')}",
            "FILES_PORT": f"127.0.0.1:{places.port('files')}",
            **{
                f"{kind.upper()}_PORT_IPV6": f"{LOOPBACK_IPV6}:{places.port(kind)}"
                for kind in ("http", "https", "files")
            },
            "HEALTH_PORT": str(places.port("nginx")),
            "TLS_CERTIFICATE": str(places.secrets / "tls_certificate"),
            "TLS_KEY": str(places.secrets / "tls_key"),
            "ACME_DIR": str(places.folder / "acme"),
            "DATA_DIR": str(places.data),
            "RUN_DIR": str(places.folder / "nginx"),
            "ACCESS_LOG": str(places.logs / "access.log"),
            "RESOLVER": "127.0.0.1",
        }
        (places.folder / "nginx").mkdir(exist_ok=True)
        configuration = places.folder / "nginx" / "nginx.conf"
        template = (ROOT / "deploy" / "nginx" / "nginx.conf.template").read_text()
        # As root, nginx would run its workers as another user; here they keep this user, as in the container.
        owner = "user root;\n" if os.geteuid() == 0 else ""
        filled = fill_in(template, values).rstrip().removesuffix("}")
        configuration.write_text(f"{owner}{filled}{places.more_nginx}}}\n")
        check = [word.replace(":8081/", f":{places.port('nginx')}/") for word in service.health_check]
        # -e: for errors before nginx has read its configuration
        command = [program("nginx"), "-e", "stderr", "-c", str(configuration), "-g", "daemon off;"]
        return Part("nginx", command, {"PATH": PATH}, check, "nginx")

    def webs(self) -> list[Part]:
        return [part for part in self.site() if part.service == "web"]

    def postgres(self) -> Part:
        data, port = self.places.folder / "postgres", str(self.places.port("postgres"))
        command = [
            *(*self.places.as_postgres, program("postgres"), "-D", str(data), "-p", port),
            *("-h", "127.0.0.1", "-k", "", "-c", "max_connections=200"),
        ]
        check = [*("pg_isready", "-h", "127.0.0.1", "-p", port), *self.services["postgres"].health_check[1:]]
        return Part("postgres", command, {"PATH": PATH}, check, "postgres")

    def redis(self) -> Part:
        service, port = self.services["redis"], str(self.places.port("redis"))
        options = ["--bind", "127.0.0.1", "--port", port, "--dir", str(self.places.folder)]
        command = [program("valkey-server", "redis-server"), *service.command[1:], *options]
        check = [program("valkey-cli", "redis-cli"), "-p", port, *service.health_check[1:]]
        return Part("redis", command, {"PATH": PATH}, check, "redis")

    def clamd(self) -> Part:
        """clamd with our own clamd.conf and one signature: the EICAR test string."""
        folder, port = self.places.folder / "clamd", self.places.port("clamd")
        signatures = folder / "signatures"
        signatures.mkdir(parents=True, exist_ok=True)
        eicar = rb"X5O!P%@AP[4\PZX54(P^)7CC)7}$EICAR-STANDARD-ANTIVIRUS-TEST-FILE!$H+H*"
        (signatures / "eicar.ndb").write_text(f"Eicar-Test:0:*:{eicar.hex()}\n")
        ours = (ROOT / "deploy" / "clamd.conf").read_text()
        for there, here in (
            ("LocalSocket /tmp/clamd.sock", f"LocalSocket {folder}/clamd.sock"),
            ("TCPSocket 3310", f"TCPSocket {port}\nTCPAddr 127.0.0.1"),
            ("DatabaseDirectory /var/lib/clamav", f"DatabaseDirectory {signatures}"),
        ):
            assert there in ours, there
            ours = ours.replace(there, here)
        (folder / "clamd.conf").write_text(ours)
        command = [program("clamd"), "--foreground", "-c", str(folder / "clamd.conf")]
        ping = python(
            "import socket",
            f"asked = socket.create_connection(('127.0.0.1', {port}), 5)",
            r"asked.sendall(b'zPING\0')",
            r"assert asked.recv(5) == b'PONG\0'",
        )
        return Part("clamd", command, {"PATH": PATH}, ping, "clamd")

    def s3(self) -> Part:
        """The S3 server with the arguments in docker-compose.yml, without the shell, and with other ports."""
        places = self.places
        (line,) = self.services["s3"].command
        words = line.split(" exec ")[1].split()
        folder = places.folder / "bucket"
        folder.mkdir(exist_ok=True)
        replaced = {
            "-dir=/data": f"-dir={folder}",
            "-ip=s3": "-ip=127.0.0.1",
            "-ip.bind=0.0.0.0": "-ip.bind=127.0.0.1",
        }
        options = [replaced.get(word, places.here(word)) for word in words[1:]]
        options = [word for word in options if not word.startswith("-s3.port=")]
        ports = [f"{part}.port{kind}" for part in ("master", "volume", "filer", "s3") for kind in ("", ".grpc")]
        options += [f"-{name}={places.port('s3' if name == 's3.port' else name)}" for name in ports]
        options += ["-master.volumeSizeLimitMB=1024", "-volume.max=16"]
        key = (places.secrets / "s3_encryption_key").read_text()
        check = [word.replace(":8333/", f":{places.port('s3')}/") for word in self.services["s3"].health_check]
        return Part("s3", [str(BIN / "weed"), *options], {"PATH": PATH, "WEED_S3_SSE_KEY": key}, check, "s3")

    def sink(self, kind: str) -> Part:
        """A server that receives emails or SMS and writes each into a file in the folder `outbox`."""
        port = self.places.port(kind)
        command = [sys.executable, "-m", "tools.stack.sinks", kind, str(port), str(self.places.outbox)]
        check = python("import socket", f"socket.create_connection(('127.0.0.1', {port}), 5)")
        return Part(kind, command, {"PATH": PATH, "PYTHONPATH": str(ROOT)}, check)
