"""Checks of what docs/operating.md says about a command, run before and after it."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from docshare.demo.letters import letter
from tests.debian.environment_values import WRITTEN
from tests.debian.machine import Failed, Machine, call
from tests.debian.visiting import HOST, Answer, Visitor

ROOT = Path(__file__).resolve().parents[2]
Step = tuple[str, Callable[[], object]]
PDF = letter("Ordonnance", ["Une ligne."], heading="Cabinet")
EICAR = b"X5O!P%@AP[4\\PZX54(P^)7CC)7}$" + b"EICAR-STANDARD-ANTIVIRUS-TEST-FILE!$H+H*"
SERVICES = (
    "docshare-web@1",
    "docshare-web@2",
    "docshare-worker@1",
    "docshare-worker@2",
    "docshare-beat",
    "docshare-nginx",
)
LOAD_DEMO = (
    "from django.conf import settings; settings.PRODUCTION = False\n"
    "from django.core.management import call_command; call_command('demo', '--json')"
)
SECOND_FACTOR = (
    "from allauth.mfa.totp.internal.auth import TOTP, generate_totp_secret\n"
    "from accounts.models import User\n"
    "TOTP.activate(User.objects.get(email='dr.bernard@lilas.example'), generate_totp_secret())"
)
MANAGE = "/srv/docshare/.venv/bin/python /srv/docshare/manage.py"


class Checks:
    def __init__(self, machine: Machine, folder: Path) -> None:
        self.machine = machine
        self.folder = folder
        self.outbox = folder / "outbox"
        self.sinks: list[subprocess.Popen[bytes]] = []
        self.visitor = Visitor(machine, folder / "site.pem")
        self.document = ""
        self.installed = 0
        self.calls: list[str] = []
        self.calling = threading.Event()

    def around(self, line: str) -> tuple[list[Step], list[Step]]:
        """The steps to run before and after a command."""
        name = line.split()[0].rpartition("/")[2]
        if name == "install":
            return [], [
                ("every unit runs", self.units_run),
                ("systemd has nothing to say of the units", self.units_are_sound),
                ("secrets are the site's alone", self.secrets_are_private),
                ("manage.py by itself refuses", self.manage_refuses),
                ("docsharectl has what systemd gives the site", self.same_environment),
                ("whatever is quoted", self.same_values),
                ("a doctor shares a document through TLS", self.share),
                ("the patient is told, by the mail server", self.patient_is_told),
                ("clamd is asked", self.virus_is_refused),
                ("a backup, as each night", self.backup),
                ("the same command again", lambda: self.machine.run(line)),
                ("the document is still there", self.document_is_there),
                ("a missing secret is named", lambda: self.missing_secret_is_named(line)),
            ]
        if name == "certificate":
            return [("an authority issues a certificate", self.issue)], [("it is served", self.site_answers)]
        if name == "upgrade":
            return [("somebody goes on calling", self.call)], [
                ("no call went unanswered", self.calls_were_answered),
                ("the version is there", self.next_version_is_there),
                ("the document is still there", self.document_is_there),
                ("what is left of a failed upgrade", self.upgrade_refuses),
            ]
        if line == "docsharectl first_run":
            return [], [("a new link opens a page, and then an operator's account", self.first_operator)]
        if line.endswith("remove"):
            install = f"/srv/docshare/deploy/debian/install {HOST}"
            return [], [
                ("nothing runs", self.nothing_runs),
                ("install starts it again", lambda: self.machine.run(install)),
                ("the document is still there", self.document_is_there),
            ]
        if line.endswith("--purge"):
            return [("another answer erases nothing", lambda: self.purge_asks(line))], [
                ("nothing runs", self.nothing_runs),
                ("nothing is left but backups", self.nothing_is_left),
            ]
        return [], []

    # --- somebody else's servers -----------------------------------------------------------------------------

    def start_sinks(self) -> None:
        self.outbox.mkdir()
        for kind, port in (("smtp", 2525), ("sms", 2526)):
            enter = ["nsenter", f"--net=/proc/{self.machine.leader}/ns/net"]
            command = [*enter, sys.executable, "-m", "tools.stack.sinks", kind, str(port), str(self.outbox)]
            self.sinks.append(subprocess.Popen(command, cwd=ROOT))

    def end(self) -> None:
        self.calling.clear()
        for sink in self.sinks:
            sink.kill()
            sink.wait()

    # --- install ---------------------------------------------------------------------------------------------

    def units_run(self) -> None:
        self.machine.run(
            f"systemctl is-active {' '.join(SERVICES)} redis-server@docshare clamav-daemon docshare-backup.timer"
        )
        shutil.copy(self.machine.root / "etc/docshare/secrets/tls_certificate", self.visitor.authority)
        self.site_answers()

    def site_answers(self) -> None:
        answer = self.visitor.get("/readyz")
        assert answer.status == 200, answer.content

    def first_operator(self) -> None:
        """The demo is loaded, and its operator does not count."""
        said = self.machine.run("docsharectl first_run")
        path = said[said.index("/start/") :].split()[0]
        for _ in range(2):  # looking uses nothing up
            assert self.visitor.get(path).status == 200
        typed = {"first_name": "Ada", "last_name": "Martin", "email": "first@documents.example"}
        answer = self.visitor.ask("POST", path, data=typed)
        assert answer.status == 302, answer.content
        assert answer.headers["Location"] == "/start/sign-in/"

    def units_are_sound(self) -> None:
        said = self.machine.run(
            "systemd-analyze verify --man=no --recursive-errors=no /etc/systemd/system/docshare*[!@].*"
        )
        assert "docshare" not in said, said
        for unit in ("docshare-web@1", "docshare-worker@1", "docshare-beat", "docshare-nginx", "docshare-migrate"):
            self.machine.run(f"systemd-analyze security --threshold=25 {unit}.service")

    def secrets_are_private(self) -> None:
        self.machine.run("runuser -u docshare -- cat /etc/docshare/secrets/*")
        for user in ("nobody", "www-data"):
            for path in ("/etc/docshare/secrets/secret_key", "/etc/docshare/environment", "/var/lib/docshare/files"):
                seen = self.machine.try_run(f"runuser -u {user} -- ls {path}")
                assert seen.returncode != 0, f"{user} sees {path}"
        writable = self.machine.run(
            "find /srv/docshare /etc/docshare -user docshare -o -group docshare -perm -020 -type f"
        )
        assert not writable, f"The site may change its own code or settings: {writable}"

    def manage_refuses(self) -> None:
        for user in ("root", "docshare"):
            refused = self.machine.try_run(f"cd /srv/docshare && runuser -u {user} -- {MANAGE} check")
            assert refused.returncode != 0, refused.stdout
            assert "docsharectl" in refused.stderr, refused.stderr
        assert not (self.machine.root / "srv/docshare/data").exists()

    def same_environment(self) -> None:
        """docsharectl reads the file as systemd does, with all its quoting."""
        pid = self.machine.run("systemctl show --property=MainPID --value docshare-web@1").strip()
        given = self.machine.run(f"cat /proc/{pid}/environ").split("\0")
        print_all = "import json, os; print(json.dumps(dict(os.environ)))"
        ours = json.loads(self.machine.run(f'docsharectl shell -v 0 -c "{print_all}"'))
        named = [
            line.partition("=")[0]
            for line in (self.machine.root / "etc/docshare/environment").read_text().split("\n")
        ]
        names = {name for name in named if name.isidentifier()}
        assert len(names) > 15
        theirs = dict(pair.partition("=")[::2] for pair in given if pair)
        assert {name: theirs[name] for name in names} == {name: ours[name] for name in names}

    def same_values(self) -> None:
        for number, (written, value) in enumerate(WRITTEN.items()):
            path = self.machine.root / "root" / f"environment-{number}"
            path.write_text(f"{written}\nD=4\n")
            given = self.machine.run(
                f"systemd-run --quiet --pipe --wait --property=EnvironmentFile=/root/{path.name} env -0"
            )
            assert f"A={value}\0" in given, f"{written!r} is not {value!r}, but {given!r}"

    def share(self) -> None:
        demo = json.loads(self.shell(LOAD_DEMO))
        self.shell(SECOND_FACTOR)
        token = next(person["token"] for person in demo["staff"] if person["email"].startswith("dr.bernard"))
        self.visitor.token = token
        found = json.loads(self.visitor.get("/api/v1/patients/?search=Durand").content)["results"]
        patient = next(one for one in found if one["last_name"] == "Durand" and one["email"] and one["mobile"])
        appointments = json.loads(self.visitor.get(f"/api/v1/appointments/?patient={patient['id']}").content)
        self.appointment = appointments["results"][0]["id"]
        self.patient_email = patient["email"]
        answer = self.upload(PDF)
        assert answer.status == 201, answer.content
        self.document = json.loads(answer.content)["id"]
        self.document_is_there()

    def upload(self, content: bytes) -> Answer:
        return self.visitor.ask(
            "POST", f"/api/v1/appointments/{self.appointment}/documents/",
            files={"file": ("ordonnance.pdf", content, "application/pdf")},
            data={"category": "prescription", "title": "Ordonnance"},
        )  # fmt: skip

    def document_is_there(self) -> None:
        answer = self.visitor.get(f"/api/v1/documents/{self.document}/content/")
        assert (answer.status, answer.content) == (200, PDF), answer.status

    def patient_is_told(self) -> None:
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            for path in self.outbox.glob("*.eml"):
                text = path.read_text()
                if f"To: {self.patient_email}" in text and f"https://{HOST}/" in text.replace("=\n", ""):
                    return
            time.sleep(0.5)
        raise Failed(f"No email to {self.patient_email}: {sorted(path.name for path in self.outbox.iterdir())}")

    def virus_is_refused(self) -> None:
        answer = self.upload(PDF + b"\n%" + EICAR)
        assert answer.status == 400, answer.content
        assert b"virus" in answer.content, answer.content

    def backup(self) -> None:
        self.machine.run("systemctl start docshare-backup.service")
        assert len(self.backups()) == 1, self.backups()

    def backups(self) -> list[Path]:
        """The complete backups: those with a manifest."""
        return sorted((self.machine.root / "var/backups/docshare").glob("*/manifest.json"))

    def missing_secret_is_named(self, line: str) -> None:
        path = "/etc/docshare/secrets/sms_url"
        self.machine.run(f"mv {path} /root/sms_url")
        refused = self.machine.try_run(line)
        assert refused.returncode == 1, refused.stdout
        assert path in refused.stderr, refused.stderr
        self.machine.run(f"mv /root/sms_url {path} && systemctl is-active {' '.join(SERVICES)}")

    # --- certificate -----------------------------------------------------------------------------------------

    def issue(self) -> None:
        folder, root = self.folder / "authority", self.machine.root / "root"
        folder.mkdir()
        new = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2")
        call(
            "openssl",
            "req",
            "-x509",
            *new,
            "-subj",
            "/CN=Authority",
            "-keyout",
            folder / "key",
            "-out",
            folder / "pem",
        )
        call(
            *("openssl", "req", "-x509", *new, "-subj", f"/CN={HOST}", "-addext", f"subjectAltName=DNS:{HOST}"),
            *("-addext", "basicConstraints=critical,CA:FALSE", "-CA", folder / "pem", "-CAkey", folder / "key"),
            *("-keyout", root / "privkey.pem", "-out", root / "fullchain.pem"),
        )
        self.visitor.authority = folder / "pem"
        with suppress(OSError):
            self.site_answers()
            raise Failed("The certificate of the authority is served before it is given.")

    # --- upgrade ---------------------------------------------------------------------------------------------

    def call(self) -> None:
        """Requests pages, some of which need the database, four times a second until `calls_were_answered`."""
        self.calling.set()

        def go_on() -> None:
            while self.calling.is_set():
                for path in ("/account/login/", "/api/v1/me/", f"/api/v1/documents/{self.document}/content/"):
                    try:
                        status = str(self.visitor.get(path).status)
                    except OSError as error:
                        status = repr(error)
                    self.calls.append(f"{path} {status}")
                time.sleep(0.25)

        self.caller = threading.Thread(target=go_on, daemon=True)
        self.caller.start()

    def calls_were_answered(self) -> None:
        self.calling.clear()
        self.caller.join(60)
        failed = [one for one in self.calls if not one.endswith(" 200")]
        assert len(self.calls) > 20, self.calls
        assert not failed, f"{len(failed)} of {len(self.calls)}: {failed[:5]}"

    def next_version_is_there(self) -> None:
        answer = self.visitor.get("/static/next-version.txt")
        assert answer.status == 200, f"/static/next-version.txt: {answer.status}"
        assert len(self.backups()) == 2, self.backups()

    def upgrade_refuses(self) -> None:
        upgrade = "/srv/docshare/deploy/debian/upgrade"
        for break_it, undo, said in (
            ("true", "true", "git knows no version v9"),
            ("echo >> /srv/docshare/README.md", "git -C /srv/docshare checkout README.md", "changed by hand"),
        ):
            self.machine.run(break_it)
            refused = self.machine.try_run(f"{upgrade} v9")
            assert (refused.returncode, said in refused.stderr) == (1, True), refused.stderr
            self.machine.run(undo)

    # --- remove ----------------------------------------------------------------------------------------------

    def nothing_runs(self) -> None:
        left = self.machine.run(
            "systemctl list-units --plain --no-legend --all 'docshare*' 'redis-server@docshare*' || true"
        )
        assert "running" not in left, left
        with suppress(OSError):
            self.visitor.get("/readyz")
            raise Failed("The site still answers.")
        assert not list((self.machine.root / "etc/systemd/system").glob("docshare*"))
        assert not (self.machine.root / "usr/local/bin/docsharectl").is_symlink()

    def purge_asks(self, line: str) -> None:
        refused = self.machine.try_run(line, content="yes\n")
        assert (refused.returncode, "Nothing was changed" in refused.stderr) == (1, True), refused.stderr
        self.document_is_there()

    def nothing_is_left(self) -> None:
        root = self.machine.root
        for path in ("etc/docshare", "var/lib/docshare", "etc/redis/redis-docshare.conf"):
            assert not (root / path).exists(), path
        names = self.machine.run("runuser -u postgres -- psql -Atc 'SELECT datname FROM pg_database'")
        assert "docshare" not in names, names
        assert "docshare" not in self.machine.run("getent passwd; getent group")
        assert len(self.backups()) == 2, self.backups()

    def shell(self, code: str) -> str:
        done = self.machine.try_run('docsharectl shell -v 0 -c "$(cat)"', content=code)
        if done.returncode != 0:
            raise Failed(done.stderr[-2000:])
        return done.stdout
