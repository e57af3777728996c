"""Lines of an environment file, and the value that systemd reads from each (`make debian` asks it)."""

from __future__ import annotations

WRITTEN = {
    "A=b": "b",
    "A =  b c  ": "b c",
    "A='b \\ $c' ": "b \\ $c",
    'A="b \\"c\\" \\\\ \\n"': 'b "c" \\ \\n',
    "A=b\\ c\\ ": "b c ",
    "A=Cabinet <a@b.example>": "Cabinet <a@b.example>",
    "A=b # c": "b # c",
    "A=b\\\nc": "bc",
    "A='b\nc'": "b\nc",
    "A=": "",
    "A=1\nA=2": "2",
    'A="server 127.0.0.1:8001 fail_timeout=2s;"': "server 127.0.0.1:8001 fail_timeout=2s;",
}
