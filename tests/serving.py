"""HTTP servers of tests, in a thread."""

from __future__ import annotations

import threading
from socketserver import BaseServer

LOOKS_FOR_ITS_END = 0.01  # seconds; half a second by default, which each test would wait at its end


def serve(server: BaseServer) -> None:
    """Answer in a thread until `server.shutdown()`."""
    threading.Thread(target=server.serve_forever, args=(LOOKS_FOR_ITS_END,), daemon=True).start()
