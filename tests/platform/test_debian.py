"""The decisions of deploy/debian. `make debian` runs all of it in a bare Debian."""

from __future__ import annotations

import datetime
import re
import subprocess
import sys
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from django.core.exceptions import ImproperlyConfigured

from deploy.debian import environment_file, installing, servers, site, tls
from deploy.debian.system import CannotContinue
from deploy.make_secrets import make_up
from docshare.embedded import refuse_second_installation
from tests.debian.commands import commands_of
from tests.debian.environment_values import WRITTEN
from tests.debian.walk import PAGE, SECTION

ROOT = Path(__file__).resolve().parents[2]
CLAMD = (ROOT / "deploy" / "clamd.conf").read_text()


@pytest.mark.parametrize(("written", "value"), WRITTEN.items())
def test_the_environment_is_read_as_systemd_reads_it(written: str, value: str) -> None:
    assert environment_file.parse(f"# B=1\n ; C=2\n\nno line of ours\n{written}\nD=4\n") == {"A": value, "D": "4"}


def test_the_example_is_read_whole() -> None:
    text = (ROOT / "deploy" / "systemd" / "environment.example").read_text()
    names = re.findall(r"^(\w+)=", text, re.MULTILINE)
    assert list(environment_file.parse(text)) == names


def test_a_newer_version_finds_its_names_in_the_file_of_nginx(capsys: pytest.CaptureFixture[str]) -> None:
    """An administrator's values stay; nginx's template needs every name."""
    text = "SITE_HOST=documents.example\n# ours\nHTTPS_PORT=8443\n"
    example = "# about it\nHTTPS_PORT=443\nHTTPS_PORT_IPV6=[::]:443\n"
    changed = site.with_new_names(text, example)
    assert changed == f"{text}HTTPS_PORT_IPV6=[::]:443\n"
    assert "HTTPS_PORT_IPV6" in capsys.readouterr().out
    assert site.with_new_names(changed, example) == changed


def test_clamd_gets_our_limits_and_keeps_larger_ones() -> None:
    theirs = "LogTime true\nStreamMaxLength 25M\nMaxFileSize 2G\n# MaxScanSize 1M\nAlertExceedsMax false\n"
    changed = servers.with_limits(theirs, CLAMD)
    lines = changed.splitlines()
    assert {"LogTime true", "StreamMaxLength 52M", "MaxFileSize 2G", "MaxScanSize 400M", "AlertExceedsMax yes"} <= {
        *lines
    }
    assert "StreamMaxLength 25M" not in lines
    assert servers.with_limits(changed, CLAMD) == changed
    assert "MaxScanSize 0" in servers.with_limits("MaxScanSize 0\n", CLAMD)  # no limit


def test_debian_gets_the_packages_that_the_readme_names() -> None:
    (line,) = re.findall(r"^# apt-get install (.*libpango.*)$", (ROOT / "README.md").read_text(), re.MULTILINE)
    script = (ROOT / "deploy" / "debian" / "install").read_text()
    assert set(line.split()) - {"make"} <= set(re.findall(r"[\w.-]+", script))


def test_a_port_that_is_taken_is_passed_over() -> None:
    import socket

    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        assert port < servers.free_port(port) < port + 100


@pytest.mark.parametrize(
    ("url", "port"), [("postgres://docshare@:5433//run/postgresql/docshare", 5433), ("postgres:////run/x/y", 5432)]
)
def test_the_port_of_the_local_database_is_its_address(url: str, port: int) -> None:
    assert servers.port_of_database(url) == port


# --- TLS ---------------------------------------------------------------------------------------------------------


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The place of the site's certificate; files there get no group."""
    for name in ("CERTIFICATE", "KEY"):
        monkeypatch.setattr(tls, name, tmp_path / name.lower())
    monkeypatch.setattr(tls, "write_secret", lambda path, content: path.write_text(content) > 0)
    return tmp_path


def issue(folder: Path, host: str, *, days: int = 2) -> tuple[Path, Path]:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "somebody")])
    now = datetime.datetime.now(datetime.UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "an authority")]))
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=9))
        .not_valid_after(now + datetime.timedelta(days=days))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(host)]), critical=False)
        .sign(key, hashes.SHA256())
    )
    pair = folder / f"{host}{days}.pem", folder / f"{host}{days}.key"
    pair[0].write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    encoding, kind = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8
    pair[1].write_bytes(key.private_bytes(encoding, kind, serialization.NoEncryption()))
    return pair


def test_a_certificate_that_fits_is_kept(place: Path) -> None:
    certificate, key = issue(place, "documents.example")
    tls.keep(certificate, key, "documents.example")
    assert (place / "key").read_text() == key.read_text()
    assert tls.prepare("documents.example") == ""


def test_a_certificate_that_nginx_could_not_serve_is_refused(place: Path) -> None:
    good, other, old = (
        issue(place, "documents.example"),
        issue(place, "other.example"),
        issue(place, "documents.example", days=-1),
    )
    for certificate, key, sentence in (
        (good[0], other[1], "is not the key of"),
        (*other, "is not for documents.example"),
        (*old, "has expired"),
        (place / "none", good[1], "There is no file"),
        (good[1], good[1], "is no PEM certificate"),
        (good[0], good[0], "is no PEM key"),
    ):
        with pytest.raises(CannotContinue, match=sentence):
            tls.keep(certificate, key, "documents.example")
    assert not (place / "certificate").exists()


def test_without_a_certificate_there_is_one_for_trying_and_a_sentence(place: Path) -> None:
    assert "no browser trusts it" in tls.prepare("documents.example")
    made = (place / "certificate").read_text()
    assert "no browser trusts it" in tls.prepare("documents.example")
    assert (place / "certificate").read_text() == made


# --- Sentences ---------------------------------------------------------------------------------------------------


def test_what_only_the_administrator_knows_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(site, "SECRETS", tmp_path)
    monkeypatch.setattr(site, "ENVIRONMENT", tmp_path / "environment")
    (tmp_path / "environment").write_text("DOCSHARE_ENV=production\n")
    (tmp_path / "email_url").write_text("\n")
    assert [line.split(":")[0].rpartition("/")[2] for line in site.missing()] == ["email_url", "sms_url"]
    (tmp_path / "email_url").write_text("smtp://mail.example\n")
    assert len(site.missing()) == 1
    (tmp_path / "environment").write_text("SMS_URL=https://sms.example/send\n")
    assert site.missing() == []


def test_every_secret_that_the_environment_names_is_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A secret file that is named but missing stops every process."""
    monkeypatch.setattr(site, "SECRETS", tmp_path)
    text = (ROOT / "deploy" / "systemd" / "environment.example").read_text()
    settings = environment_file.parse(text.replace("/etc/docshare/secrets", str(tmp_path)))
    site.make_secrets(settings)
    named = {Path(value).name for name, value in settings.items() if name.endswith("_FILE")}
    assert named - {path.name for path in tmp_path.iterdir()} == {"database_url", "redis_url"}
    assert all(len((tmp_path / name).read_text()) > 32 for name in site.MADE_UP)
    assert len(named) > 10


@pytest.mark.parametrize(
    ("given", "before", "said"),
    [
        (None, "", "Say the host name"),
        ("https://documents.example", "", "is no host name"),
        ("documents", "", "is no host name"),
        ("other.example", "documents.example", "This machine has documents.example"),
    ],
)
def test_a_host_name_that_is_none_is_refused(
    given: str | None, before: str, said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(site, "host_in_place", lambda: before)
    monkeypatch.setattr(sys.stdin, "isatty", lambda: False)
    with pytest.raises(CannotContinue, match=said):
        installing.host_name(given)


def test_the_host_name_is_that_of_before(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(site, "host_in_place", lambda: "documents.example")
    assert installing.host_name(None) == installing.host_name("Documents.example") == "documents.example"


def test_a_command_without_an_environment_makes_no_second_installation(tmp_path: Path) -> None:
    with pytest.raises(ImproperlyConfigured, match="docsharectl"):
        refuse_second_installation({"PATH": "/bin"}, installed=tmp_path)
    for named in ({"DATA_DIR": "/tmp/other"}, {"DOCSHARE_ENV": "production"}):
        refuse_second_installation(named, installed=tmp_path)
    refuse_second_installation({}, installed=tmp_path / "none")


def test_a_secret_is_whole_or_not_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An empty file after a full disk would be used as the secret for ever."""
    monkeypatch.setattr("os.fdopen", lambda *_args: (_ for _ in ()).throw(OSError("full")))
    with pytest.raises(OSError, match="full"):
        make_up(tmp_path, ["secret_key"])
    assert not (tmp_path / "secret_key").exists()


# --- The page ----------------------------------------------------------------------------------------------------


def test_the_page_names_commands_that_exist() -> None:
    lines = [command.line for command in commands_of(PAGE, SECTION)]
    for line in lines:
        program = line.split()[0]
        if program.startswith("/srv/docshare/"):
            assert (ROOT / program.removeprefix("/srv/docshare/")).stat().st_mode & 0o111, line
    assert {"install", "upgrade", "remove", "certificate"} <= {line.split()[0].rpartition("/")[2] for line in lines}


@pytest.mark.parametrize("script", ["install", "upgrade", "remove", "certificate"])
def test_the_scripts_are_sound(script: str) -> None:
    done = subprocess.run(
        ["sh", "-n", str(ROOT / "deploy" / "debian" / script)], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")
