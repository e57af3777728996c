"""A seccomp filter that refuses system calls to a child of the sandbox (seccomp(2), bpf(4)).

It lists refused calls, not allowed ones: the calls that decoders and Python need depend on library and kernel, so a
list of allowed ones would break with an upgrade. Calls that reach beyond the process are refused. They fail with
EPERM, so that a library can continue without them. Imports no Django.
"""

from __future__ import annotations

import ctypes
import errno
import os
import platform
import socket
import struct
from collections.abc import Iterable, Iterator
from functools import lru_cache

PR_SET_SECCOMP, SECCOMP_MODE_FILTER = 22, 2
ALLOW, ERRNO, KILL = 0x7FFF0000, 0x00050000, 0x80000000
LOAD_WORD, AND, JUMP_IF_EQUAL, JUMP_IF_AT_LEAST, RETURN = 0x20, 0x54, 0x15, 0x35, 0x06  # BPF instructions
NUMBER_AT, ARCHITECTURE_AT, FIRST_ARGUMENT_AT = 0, 4, 16  # struct seccomp_data
CLONE_THREAD = 0x00010000
X32 = 0x40000000  # a second table of the same calls on x86_64

# By machine: AUDIT_ARCH_… and the column of CALLS.
MACHINES = {"x86_64": (0xC000003E, 0), "aarch64": (0xC00000B7, 1)}
# Numbers on x86_64 and aarch64, from the kernel's unistd_64.h and asm-generic/unistd.h; None: no such call there.
REFUSED: dict[str, tuple[int | None, int | None]] = {
    # Starting programs and processes, which would escape the limits of this one.
    "execve": (59, 221),
    "execveat": (322, 281),
    "fork": (57, None),
    "vfork": (58, None),
    "unshare": (272, 97),
    "setns": (308, 268),
    # Other processes.
    "ptrace": (101, 117),
    "process_vm_readv": (310, 270),
    "process_vm_writev": (311, 271),
    "process_madvise": (440, 440),
    "kcmp": (312, 272),
    "pidfd_open": (434, 434),
    "pidfd_getfd": (438, 438),
    "pidfd_send_signal": (424, 424),
    "tkill": (200, 130),
    "rt_sigqueueinfo": (129, 138),
    "rt_tgsigqueueinfo": (297, 240),
    "shmget": (29, 194),
    "msgget": (68, 186),
    "semget": (64, 190),
    "mq_open": (240, 180),
    # Waiting for connections.
    "bind": (49, 200),
    "listen": (50, 201),
    "accept": (43, 202),
    "accept4": (288, 242),
    # Ways around the rules for files, and changes that Landlock does not cover: permissions, owner, times.
    "open_by_handle_at": (304, 265),
    "io_uring_setup": (425, 425),
    "io_uring_enter": (426, 426),
    "io_uring_register": (427, 427),
    "chmod": (90, None),
    "fchmod": (91, 52),
    "fchmodat": (268, 53),
    "fchmodat2": (452, 452),
    "chown": (92, None),
    "lchown": (94, None),
    "fchown": (93, 55),
    "fchownat": (260, 54),
    "setxattr": (188, 5),
    "lsetxattr": (189, 6),
    "fsetxattr": (190, 7),
    "removexattr": (197, 14),
    "lremovexattr": (198, 15),
    "fremovexattr": (199, 16),
    "utime": (132, None),
    "utimes": (235, None),
    "futimesat": (261, None),
    "utimensat": (280, 88),
    "mknod": (133, None),
    "mknodat": (259, 33),
    "chroot": (161, 51),
    "pivot_root": (155, 41),
    "mount": (165, 40),
    "umount2": (166, 39),
    "move_mount": (429, 429),
    "open_tree": (428, 428),
    "fsopen": (430, 430),
    "fsconfig": (431, 431),
    "fsmount": (432, 432),
    "fspick": (433, 433),
    "mount_setattr": (442, 442),
    # Calls that affect the kernel itself; most need root, and the embedded default may run as root.
    "bpf": (321, 280),
    "perf_event_open": (298, 241),
    "userfaultfd": (323, 282),
    "add_key": (248, 217),
    "request_key": (249, 218),
    "keyctl": (250, 219),
    "init_module": (175, 105),
    "finit_module": (313, 273),
    "delete_module": (176, 106),
    "kexec_load": (246, 104),
    "kexec_file_load": (320, 294),
    "reboot": (169, 142),
    "swapon": (167, 224),
    "swapoff": (168, 225),
    "acct": (163, 89),
    "settimeofday": (164, 170),
    "clock_settime": (227, 112),
    "sethostname": (170, 161),
    "setdomainname": (171, 162),
}
CLONE, CLONE3, SOCKET = (56, 220), (435, 435), (41, 198)
KILL_PROCESS, KILL_THREAD, LIMIT = (62, 129), (234, 131), (302, 261)  # kill, tgkill, prlimit64
INTERNET = (socket.AF_INET, socket.AF_INET6, getattr(socket, "AF_NETLINK", 16))  # NETLINK: getaddrinfo(3) uses it
Instruction = tuple[int, int, int, int]  # code, jump if true, jump if false, constant


@lru_cache(maxsize=1)
def libc() -> ctypes.CDLL:
    return ctypes.CDLL(None, use_errno=True)


def are_known() -> bool:
    """Whether the numbers above apply to this machine, and the process has the machine's native word size."""
    return platform.machine() in MACHINES and struct.calcsize("P") == 8


def kernel_filters() -> bool:
    """Whether the kernel supports filters. Passes no filter: EFAULT means supported, EINVAL not."""
    failed = libc().prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, None, 0, 0) < 0
    return failed and ctypes.get_errno() == errno.EFAULT


def restrict(*, network: bool) -> None:
    """Apply the filter to this process and its threads. Raises OSError."""
    code = same_for_all(network=network) + _packed(_for_process(os.getpid()))
    address = ctypes.cast(ctypes.c_char_p(code), ctypes.c_void_p).value
    program = struct.pack("@HP", len(code) // 8, address)  # struct sock_fprog: how many, and where
    if libc().prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, program, 0, 0) < 0:
        error = ctypes.get_errno()
        raise OSError(error, os.strerror(error))


REFUSE: Instruction = (RETURN, 0, 0, ERRNO | errno.EPERM)
PERMIT: Instruction = (RETURN, 0, 0, ALLOW)


@lru_cache(maxsize=2)
def same_for_all(*, network: bool) -> bytes:
    """The part of the filter that is the same for all processes: the fork server builds it for its children."""
    architecture, column = MACHINES[platform.machine()]
    instructions: list[Instruction] = [
        (LOAD_WORD, 0, 0, ARCHITECTURE_AT),
        (JUMP_IF_EQUAL, 1, 0, architecture),
        (RETURN, 0, 0, KILL),  # the same number is another call in another table (32 bits)
        (LOAD_WORD, 0, 0, NUMBER_AT),
    ]
    if platform.machine() == "x86_64":
        instructions += [(JUMP_IF_AT_LEAST, 0, 1, X32), REFUSE]
    for numbers in REFUSED.values():
        number = numbers[column]
        if number is not None:
            instructions += [(JUMP_IF_EQUAL, 0, 1, number), REFUSE]
    # Its flags are in memory, which a filter can't read; glibc falls back on clone.
    instructions += [(JUMP_IF_EQUAL, 0, 1, CLONE3[column]), (RETURN, 0, 0, ERRNO | errno.ENOSYS)]
    threads_alone = [(AND, 0, 0, CLONE_THREAD), (JUMP_IF_EQUAL, 0, 1, 0), REFUSE, PERMIT]
    instructions += _if_first_argument(CLONE[column], threads_alone)
    families = [
        instruction for family in INTERNET if network for instruction in ((JUMP_IF_EQUAL, 0, 1, family), PERMIT)
    ]
    instructions += _if_first_argument(SOCKET[column], [*families, REFUSE])
    return _packed(instructions)


def _for_process(pid: int) -> Iterator[Instruction]:
    """The end of the filter: calls that may only name this process itself."""
    _architecture, column = MACHINES[platform.machine()]
    for call in (KILL_PROCESS, KILL_THREAD):
        yield from _if_first_argument(call[column], [(JUMP_IF_EQUAL, 0, 1, pid), PERMIT, REFUSE])
    itself = [(JUMP_IF_EQUAL, 1, 0, pid), (JUMP_IF_EQUAL, 0, 1, 0), PERMIT, REFUSE]
    yield from _if_first_argument(LIMIT[column], itself)
    yield PERMIT


def _packed(instructions: Iterable[Instruction]) -> bytes:
    return b"".join(struct.pack("=HBBI", *instruction) for instruction in instructions)


def _if_first_argument(number: int, then: list[Instruction]) -> Iterator[Instruction]:
    """For the call `number`: load its first argument and let `then` decide."""
    yield JUMP_IF_EQUAL, 0, len(then) + 1, number
    yield LOAD_WORD, 0, 0, FIRST_ARGUMENT_AT
    yield from then
