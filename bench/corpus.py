"""`make corpus FOLDER=…`: sends every document of a folder through intake and signing; independent readers judge the
results.

For each file: accepted or refused (with which sentence), seconds, peak memory of the child. For each signed PDF:
pyHanko and `pdfsig` report it as valid and unchanged, it has as many pages as before, which look the same outside the
stamp, and it begins with the uploaded bytes unless it was repaired. The table goes to docs/corpus.md. Exits with 1 if
fewer than 99 of a hundred documents that a viewer opens succeed, or if anything fails, hangs or takes too much.
"""

from __future__ import annotations

import argparse
import logging
import os
import shutil
import sys
import tempfile
import traceback
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor, as_completed
from pathlib import Path

from bench.corpus_row import Bench, Row
from bench.corpus_table import table
from bench.damage import DAMAGES
from bench.installation import set_up

AT_ONCE = 2
REPORT_EVERY = 100  # documents
SUFFIXES = {".pdf", ".jpg", ".jpeg", ".png", ".gif", ".bmp", ".tif", ".tiff", ".heic", ".heif"}
DAMAGED_AT_MOST, DAMAGED_BYTES = 400, 100_000  # documents, and their size
MUST_BE_GOOD = 0.99


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--table", type=Path, default=Path("docs/corpus.md"))
    parser.add_argument("--damage", action="store_true", help="also sign damaged copies of small documents")
    arguments = parser.parse_args()
    if not shutil.which("pdfsig"):
        sys.exit("Install poppler-utils: `make corpus` asks pdfsig, too.")
    if not arguments.folder.is_dir():
        sys.exit(f"{arguments.folder} is no folder.")
    with tempfile.TemporaryDirectory(prefix="docshare-corpus-") as data_dir:
        os.environ["DATA_DIR"] = data_dir
        set_up()
        logging.getLogger("documents").setLevel(logging.ERROR)
        folders = [arguments.folder.resolve()]
        if arguments.damage:
            folders.append(Path(data_dir) / "damaged")
            _damage(*folders)
        rows = sorted(_rows(folders), key=lambda row: row.name)
    arguments.table.write_text(table(rows), encoding="utf-8")
    print(f"{arguments.table}: {len(rows)} documents")
    return _verdict(rows)


def _verdict(rows: list[Row]) -> int:
    opened = [row for row in rows if row.opens]
    bad = [row for row in opened if not row.good]
    broken = [row for row in rows if row.broken]
    for row in {row.name: row for row in [*bad, *broken]}.values():
        print(f"  {row.name}: {row.outcome} {' '.join(row.complaints)}")
    print(f"{len(opened) - len(bad)} of {len(opened)} that a viewer opens came out well; {len(broken)} broke or hung")
    return int(bool(broken) or len(opened) - len(bad) < MUST_BE_GOOD * len(opened))


def _damage(folder: Path, into: Path) -> None:
    into.mkdir()
    for number, source in enumerate(sorted(folder.rglob("*.pdf"))[:DAMAGED_AT_MOST]):
        content = source.read_bytes()
        for name, damage in DAMAGES.items() if len(content) < DAMAGED_BYTES else ():
            try:
                (into / f"{source.stem} {number} ({name}).pdf").write_bytes(damage(content))
            except Exception as error:  # a file that is damaged already may not allow more damage
                print(f"  not damaged: {source.name} ({name}): {type(error).__name__}", file=sys.stderr)


def _rows(folders: list[Path]) -> Iterator[Row]:
    bench = Bench.set_up()
    files = [(path, path.relative_to(folder)) for folder in folders for path in sorted(folder.rglob("*"))]
    wanted = [(path, name) for path, name in files if path.is_file() and path.suffix.lower() in SUFFIXES]
    with ThreadPoolExecutor(AT_ONCE) as pool:
        futures = {pool.submit(bench.row, path, _shown(name)): _shown(name) for path, name in wanted}
        for done, future in enumerate(as_completed(futures), start=1):
            try:
                yield future.result()
            except Exception as error:
                traceback.print_exception(error)
                yield Row(futures[future], outcome=f"broke: {type(error).__name__}", broke=True)
            if done % REPORT_EVERY == 0:
                print(f"  {done} of {len(wanted)}", file=sys.stderr, flush=True)


def _shown(name: Path) -> str:
    return os.fsencode(name).decode("utf-8", "replace")


if __name__ == "__main__":
    raise SystemExit(main())
