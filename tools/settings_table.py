"""Generates docs/settings.md from the code: `python tools/settings_table.py`; `--check` fails if it is out of date.

Names and defaults come from the code's syntax tree, descriptions from tools/settings_texts.py. A name without a text,
or a text without a name, is an error. Standard library only.
"""

from __future__ import annotations

import argparse
import ast
import re
import sys
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))
from tools.settings_texts import GROUPS, NGINX, Setting  # noqa: E402

PAGE = ROOT / "docs" / "settings.md"
PACKAGES = (
    *(
        "docshare",
        "portals",
        "personal_data",
        "imports",
        "documents",
        "questionnaires",
        "appointments",
        "patients",
        "signing",
    ),
    *("webhooks", "files", "practices", "accounts", "notifications", "audit", "jobs", "sealing"),
)
PROCESSES = ("deploy/backup_schedule.py", "deploy/gunicorn.conf.py", "deploy/healthy.py", "deploy/run.py")
# Internal to our own processes; nobody sets them.
INTERNAL = {"DJANGO_SETTINGS_MODULE", "DATA_DIR_FILE", "REDIS_URL_FILE"}
READERS = re.compile(
    r"(self\.)?env(ironment)?\.\w+|os\.environ(\.get|\.setdefault)?|os\.getenv|_secret|hour_and_day|countries"
)
# Whether a text can contain such a call at all: parsing every file takes a second.
MENTIONS = re.compile(r"\benv(ironment)?\.|\bos\.(environ|getenv)|_secret\(|hour_and_day\(|countries\(")
HEAD = """# Settings

Made from the code by `python tools/settings_table.py`: change the code or `tools/settings_texts.py`, not this page.

Environment variables alone make the difference between a trial and production: with no variable set, this is the
trial (`make run`). With `DOCSHARE_ENV=production` a setting that is missing, or only suits the trial, stops the start
with a sentence that says what to set. Any variable `X` may be given as `X_FILE`, the path of a file that holds it,
but for those under “Processes”. On Debian they are in `/etc/docshare/environment`, with containers in
`docker-compose.yml`.
"""


class OutOfDate(Exception):
    """The message is a sentence for the developer who changed a setting."""


def settings_read() -> dict[str, str]:
    """Each variable that the code reads, with its default as written there ("" if computed or missing)."""
    files = [path for package in PACKAGES for path in sorted((ROOT / package).rglob("*.py"))]
    defaults: dict[str, str] = {}
    for path in [*files, *(ROOT / name for name in PROCESSES)]:
        source = path.read_text()
        for name, default in reads(source) if MENTIONS.search(source) else ():
            defaults[name] = defaults.get(name) or default
    return {name: default for name, default in defaults.items() if name not in INTERNAL}


def reads(source: str) -> Iterator[tuple[str, str]]:
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Call) and READERS.fullmatch(ast.unparse(node.func)):
            for at, argument in enumerate(node.args):
                if name := _name(argument):
                    keyword = [each.value for each in node.keywords if each.arg == "default"]
                    yield name, _default([*node.args[at + 1 :], *keyword])
                    break
        elif isinstance(node, ast.Subscript) and ast.unparse(node.value) == "os.environ" and _name(node.slice):
            yield _name(node.slice), ""


def _name(node: ast.expr) -> str:
    """The name of a variable, if the node is one."""
    if (
        isinstance(node, ast.Constant)
        and isinstance(node.value, str)
        and re.fullmatch(r"[A-Z][A-Z0-9_]+", node.value)
    ):
        return node.value
    return ""


def _default(nodes: list[ast.expr]) -> str:
    """The default as typed into an environment: `4`, `false`, `10,30`, a JSON text; "" for a computed one."""
    try:
        value = ast.literal_eval(nodes[0]) if nodes else ""
    except ValueError:
        return ""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, tuple | list):
        return ",".join(map(str, value))
    return str(value).replace("'", '"')


def page() -> str:
    """The whole of docs/settings.md. Raises OutOfDate."""
    defaults = settings_read()
    texts = {name: setting for group in GROUPS.values() for name, setting in group.items()}
    _compare(set(defaults), set(texts), "tools/settings_texts.py")
    template = (ROOT / "deploy" / "nginx" / "nginx.conf.template").read_text()
    _compare(set(re.findall(r"\$\{([A-Z][A-Z0-9_]*)\}", template)), set(NGINX), "NGINX in tools/settings_texts.py")
    parts = [HEAD]
    for title, group in GROUPS.items():
        parts.append(_table(title, {name: (setting, defaults[name]) for name, setting in group.items()}))
    example = dict(re.findall(r"^(\w+)=(.*)$", (ROOT / "deploy/systemd/nginx.example").read_text(), re.MULTILINE))
    parts.append(_table("nginx", {name: (setting, example.get(name, "")) for name, setting in NGINX.items()}))
    return "\n".join(parts)


def _compare(read: set[str], described: set[str], document: str) -> None:
    if missing := sorted(read - described):
        raise OutOfDate(f"{document} says nothing of {', '.join(missing)}. Add what it does.")
    if unread := sorted(described - read):
        raise OutOfDate(f"{document} has {', '.join(unread)}, which no code reads. Remove it.")


def _table(title: str, rows: dict[str, tuple[Setting, str]]) -> str:
    lines = [f"## {title}", "", "| Variable | Default | Unit | What it does |", "| --- | --- | --- | --- |"]
    for name, (setting, default) in rows.items():
        shown = setting.default or (f"`{default}`" if default else "")
        lines.append(f"| `{name}` | {shown} | {setting.unit} | {setting.what} |")
    return "\n".join([*lines, ""])


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--check", action="store_true", help="change nothing; exit status 1 if the page is out of date"
    )
    check = parser.parse_args().check
    try:
        made = page()
    except OutOfDate as error:
        print(error, file=sys.stderr)
        return 1
    if check and (not PAGE.exists() or PAGE.read_text() != made):
        print("docs/settings.md is out of date: python tools/settings_table.py", file=sys.stderr)
        return 1
    if not check:
        PAGE.write_text(made)
    return 0


if __name__ == "__main__":
    sys.exit(main())
