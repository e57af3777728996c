"""What a child of the sandbox may access, enforced by the kernel: Landlock for files, seccomp for everything else.

Code of a document that takes over a parser runs as our user. Even so it can read only the job's files and the
libraries, write only the job's output, open no connection, start no program and reach no other process. Both need
Linux: landlock(7) from 5.13 on, seccomp(2). If the kernel has only one of them, that one applies (`protections`, and
docs/operating.md for what to do then). Imports no Django.
"""

from __future__ import annotations

import ctypes
import os
import stat
import struct
import sys
import sysconfig
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from files import system_calls

PR_SET_NO_NEW_PRIVS = 38  # prctl(2)
# landlock(7): the same numbers on every architecture.
CREATE_RULESET, ADD_RULE, RESTRICT_SELF = 444, 445, 446
CREATE_RULESET_VERSION, RULE_PATH_BENEATH = 1, 1
WRITE_FILE, READ_FILE, READ_DIR = 1 << 1, 1 << 2, 1 << 3
REMOVE_DIR, REMOVE_FILE, MAKE_DIR, MAKE_REG = 1 << 4, 1 << 5, 1 << 7, 1 << 8
FIRST_RIGHTS = (1 << 13) - 1  # of version 1
REFER, TRUNCATE, IOCTL_DEV = 1 << 13, 1 << 14, 1 << 15  # of versions 2, 3, 5
BIND_TCP, CONNECT_TCP = 1 << 0, 1 << 1  # of version 4
ABSTRACT_SOCKETS, SIGNALS = 1 << 0, 1 << 1  # of version 6: not those of processes outside

LIBRARIES = READ_FILE | READ_DIR  # EXECUTE is for programs; mapping a library does not need it
READ = READ_FILE
WRITE = READ_FILE | WRITE_FILE | TRUNCATE
SCRATCH = WRITE | READ_DIR | REMOVE_DIR | REMOVE_FILE | MAKE_DIR | MAKE_REG

# Readable by every program of the machine and not secret: code, fonts, time zones.
ROOMS_OF_CHILDREN = ("documents", "files", "imports", "refusals", "signing")
SYSTEM = (
    *("/usr/lib", "/usr/lib64", "/usr/libexec", "/lib", "/lib64", "/usr/local/lib", "/etc/ld.so.cache"),
    *("/usr/share/fonts", "/usr/local/share/fonts", "/usr/share/X11/fonts", "/usr/share/fontconfig", "/etc/fonts"),
    *("/var/cache/fontconfig", "/usr/share/zoneinfo", "/etc/localtime", "/usr/share/locale", "/usr/share/mime"),
    *("/dev/null", "/dev/urandom", "/dev/zero"),
)
# What a job that asks a time-stamp authority needs in addition: name resolution and trusted certificates.
NETWORK = (
    *("/etc/resolv.conf", "/etc/hosts", "/etc/nsswitch.conf", "/etc/host.conf", "/etc/gai.conf", "/etc/services"),
    *("/etc/ssl", "/etc/pki", "/usr/share/ca-certificates", "/usr/local/share/ca-certificates"),
    *("/run/systemd/resolve",),
)
CERTIFICATES_FROM = ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_FILE", "SSL_CERT_DIR")

# Variables of the environment that stay; every other one is, or may be, secret.
ALLOWED_VARIABLES = {"PATH", "HOME", "LANG", "TZ", "TMPDIR", "LD_LIBRARY_PATH", *CERTIFICATES_FROM}
ALLOWED_PREFIXES = ("LC_", "PYTHON", "FONTCONFIG_", "XDG_")
PROXIES = {"http_proxy", "https_proxy", "all_proxy", "no_proxy"}  # on the way to a time-stamp authority


@dataclass(frozen=True)
class Access:
    """What one job may access: paths of files, except `scratch`, a folder for this job alone."""

    reads: tuple[str, ...] = ()
    writes: tuple[str, ...] = ()
    scratch: str = ""
    network: bool = False


@dataclass(frozen=True)
class Protections:
    """What the kernel offers. `landlock`: version, 0 for none."""

    landlock: int
    seccomp: bool

    @property
    def sentence(self) -> str:
        files = f"Landlock {self.landlock}" if self.landlock else "no Landlock"
        return f"{files}, {'seccomp' if self.seccomp else 'no seccomp'}"

    @property
    def holes(self) -> list[str]:
        """What a document that took over its parser could do on this machine, one sentence each."""
        sentences = []
        if not self.landlock:
            sentences.append("read and change every file of the user that docshare runs as")
        if not self.seccomp:
            sentences.append("open connections and start programs")
        return sentences


@lru_cache(maxsize=1)
def protections() -> Protections:
    """What the kernel offers. Changes nothing."""
    if not sys.platform.startswith("linux"):
        return Protections(landlock=0, seccomp=False)
    return Protections(
        landlock=_landlock_version(), seccomp=system_calls.are_known() and system_calls.kernel_filters()
    )


def prepare() -> None:
    """Prepare, in the fork server, what is the same for all children."""
    if protections().landlock:
        _public()
    if protections().seccomp:
        for network in (False, True):
            system_calls.same_for_all(network=network)


def confine(access: Access) -> None:
    """Confine this process irrevocably. Raises OSError if the kernel offers a protection and then refuses it: a job
    never runs half protected."""
    available = protections()
    if available.landlock or available.seccomp:
        _checked(system_calls.libc().prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))
    if available.landlock:
        _restrict_files(access, available.landlock)
    if available.seccomp:
        system_calls.restrict(network=access.network)


def _restrict_files(access: Access, version: int) -> None:
    rights = FIRST_RIGHTS
    for since, right in ((2, REFER), (3, TRUNCATE), (5, IOCTL_DEV)):
        rights |= right if version >= since else 0
    tcp = (BIND_TCP if access.network else BIND_TCP | CONNECT_TCP) if version >= 4 else 0
    scope = ABSTRACT_SOCKETS | SIGNALS if version >= 6 else 0
    # struct landlock_ruleset_attr: a kernel reads as much of it as it knows.
    size = 8 if version < 4 else 16 if version < 6 else 24
    ruleset = _call(CREATE_RULESET, struct.pack("=QQQ", rights, tcp, scope)[:size], size, 0)
    try:
        for descriptor, is_folder in _public():
            _add_rule(ruleset, descriptor, LIBRARIES if is_folder else READ)
        if access.network:
            for path in (*NETWORK, *_certificates()):
                _allow(ruleset, path, (READ_FILE | READ_DIR) & rights)
        for path in access.reads:
            _allow(ruleset, path, READ)
        for path in access.writes:
            _allow(ruleset, path, WRITE & rights)
        if access.scratch:
            _allow(ruleset, access.scratch, SCRATCH & rights)
        _call(RESTRICT_SELF, ruleset, 0, 0)
    finally:
        os.close(ruleset)


def _allow(ruleset: int, path: str, rights: int) -> None:
    """A missing path needs no rule."""
    if (descriptor := _handle(path)) is None:
        return
    try:
        if not _is_folder(descriptor):
            rights &= WRITE  # the only rights that a rule for a file may have
        _add_rule(ruleset, descriptor, rights)
    finally:
        os.close(descriptor)


def _add_rule(ruleset: int, descriptor: int, rights: int) -> None:
    # struct landlock_path_beneath_attr, packed: __u64 allowed_access, __s32 parent_fd
    rule = struct.pack("=Qi", rights, descriptor)
    _call(ADD_RULE, ruleset, RULE_PATH_BENEATH, rule, 0)


@lru_cache(maxsize=1)
def _public() -> tuple[tuple[int, bool], ...]:
    """Descriptors of what every child may read, and whether each is a folder; the fork server opens them once.

    Of our own code only the packages whose modules run in children, never the whole checkout, which may contain data.
    """
    folders = {sysconfig.get_path(name) for name in ("stdlib", "platstdlib", "purelib", "platlib")}
    checkout = Path(__file__).resolve().parents[1]
    ours = [str(checkout / room) for room in ROOMS_OF_CHILDREN]
    real = {os.path.realpath(path) for path in (*SYSTEM, *folders, *ours)}
    within = [path for path in real if not any(path.startswith(f"{other}/") for other in real)]
    handles = [handle for path in sorted(within) if (handle := _handle(path)) is not None]
    return tuple((handle, _is_folder(handle)) for handle in handles)


def _handle(path: str) -> int | None:
    try:
        return os.open(path, os.O_PATH | os.O_CLOEXEC)
    except OSError:
        return None


def _is_folder(descriptor: int) -> bool:
    return stat.S_ISDIR(os.fstat(descriptor).st_mode)


def _certificates() -> Iterable[str]:
    return [os.environ[name] for name in CERTIFICATES_FROM if os.environ.get(name)]


def _landlock_version() -> int:
    arguments = map(ctypes.c_long, (CREATE_RULESET, 0, 0, CREATE_RULESET_VERSION))
    return max(0, int(system_calls.libc().syscall(*arguments)))


def _call(number: int, *arguments: object) -> int:
    passed = [ctypes.c_long(each) if isinstance(each, int) else each for each in arguments]
    return _checked(system_calls.libc().syscall(ctypes.c_long(number), *passed))


def _checked(result: int) -> int:
    if result < 0:
        error = ctypes.get_errno()
        raise OSError(error, os.strerror(error))
    return result


def forget_secrets_of_the_environment() -> None:
    """Erase SECRET_KEY and passwords from the fork server's environment before it forks: a child copies its memory.

    Also overwrites the kernel's copy (/proc/self/environ).
    """
    if sys.platform.startswith("linux"):
        entries = ctypes.POINTER(ctypes.c_void_p).in_dll(system_calls.libc(), "environ")
        number = 0
        while entry := entries[number]:
            name, _, value = ctypes.string_at(entry).partition(b"=")
            if not _is_allowed_variable(os.fsdecode(name)):
                ctypes.memset(entry + len(name) + 1, 0, len(value))
            number += 1
    for secret in [each for each in os.environ if not _is_allowed_variable(each)]:
        del os.environ[secret]


def _is_allowed_variable(name: str) -> bool:
    return name in ALLOWED_VARIABLES or name.startswith(ALLOWED_PREFIXES) or name.lower() in PROXIES
