"""`python -m tools.stack [--storage s3] [folder]`: runs the stack in the foreground, with the demo practice."""

from __future__ import annotations

import argparse
import json
import signal
import sys
import tempfile
from pathlib import Path

from tools.stack.parts import CannotStart
from tools.stack.stack import Stack


def main() -> int:
    parser = argparse.ArgumentParser(prog="make stack", description=__doc__)
    parser.add_argument("folder", nargs="?", type=Path, help="new or empty; a temporary one where none is given")
    parser.add_argument("--storage", choices=["files", "s3"], default="files")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="docshare-stack-") as temporary:
        stack = Stack(options.folder or Path(temporary), storage=options.storage)
        signal.signal(signal.SIGTERM, signal.default_int_handler)
        try:
            stack.start()
            demo = stack.demo()
            (stack.places.folder / "environment.json").write_text(json.dumps(stack.environment, indent=1))
            print(f"\n{len(stack.running)} processes: {', '.join(stack.running)}")
            print(f"  site           {stack.places.site} (its certificate is self-signed)")
            print(f"  data and logs  {stack.places.folder}")
            print(f"  messages       {stack.places.outbox}")
            for person in [*demo["staff"], demo["holder"]]:
                print(f"  {person['email']:<40}{person['password']}")
            print("\nCtrl-C stops all of it.", flush=True)
            signal.pause()
        except KeyboardInterrupt:
            print("\nStopping …", flush=True)
        except CannotStart as error:
            print(error, file=sys.stderr)
            return 1
        finally:
            stack.stop()
    return 0


if __name__ == "__main__":
    sys.exit(main())
