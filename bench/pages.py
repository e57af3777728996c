"""Processor time of pages, of pictures of pages and of the API's lists beside a bare view, in the embedded default.

`python -m bench.pages`. One appointment has fifty documents; an administrator's rules and the agenda are the demo's.
Each figure is the median of many_patients.CALLS calls in this process, after a first one.
"""

from __future__ import annotations

import statistics
import time
import uuid
from collections.abc import Callable, Iterator
from functools import partial
from typing import TYPE_CHECKING, Any

from bench import report
from bench.bare_view import behind_sessions_alone
from bench.installation import demo, embedded
from bench.many_documents import browsers, make_template, questions
from bench.many_patients import measure

if TYPE_CHECKING:
    from documents.models import SharedDocument

COPIES = 49
# × the bare view; the goals of a kept picture are below.
GOALS = {
    "agenda of a day": 4, "panel of an appointment": 4, "page that shares": 4,
    "my documents": 3, "my document": 4, "my document, opened": 4,
    "API: documents of an appointment": 3, "API: appointments": 3, "API: patients": 3, "API: my documents": 3,
}  # fmt: skip
PICTURE_GOAL, DRAWN_GOAL, SIZE_GOAL = 1.5, 40, 40  # × a download; ms; kB
STILL = "session, second factor, membership and access asked in each request"
DRAWN = 20  # pages


def print_figures() -> None:
    template = make_template()
    copy(template)
    people = browsers(template)
    bare = behind_sessions_alone(type(people["own"])(headers={"Host": "localhost"}))
    bare.cookies = people["staff"].cookies
    bare_view = partial(bare.get, f"/bare/{template.appointment_id}/")
    print(f"bare view: {measure(bare_view)[0] * 1000:.1f} ms")
    own, htmx = people["own"], {"HX-Request": "true", "HX-Target": "panel"}
    panel = f"/pro/appointments/{template.appointment_id}/"
    calls: dict[str, Callable[[], Any]] = {
        **questions(template, people),
        "panel of an appointment": partial(people["staff"].get, panel, headers=htmx),
        "my document, opened": lambda: own.get(f"/documents/{template.pk}/"),
        "a download": lambda: own.post(f"/documents/{template.pk}/download/"),
        "picture of a page, kept": lambda: own.get(f"/documents/{template.pk}/pages/1/"),
    }
    taken: dict[str, float] = {}
    for name, call in calls.items():
        if name == "my document, opened":
            own.post(f"/documents/{template.pk}/open/")
        floor, _statements = measure(bare_view)  # beside each: other work on the machine slows both
        seconds, statements = measure(call)
        taken[name] = seconds
        figures = f"{seconds * 1000:.1f} ms, {statements} statements"
        if name in GOALS:
            beside = f"bare view {floor * 1000:.1f} ms"
            report.at_most(name, seconds / floor, GOALS[name], " ×", ours=figures, beside=beside, still=STILL)
        else:
            print(f"{name}: {figures}, {seconds / floor:.1f} x", flush=True)
    kept, download = taken["picture of a page, kept"], taken["a download"]
    report.at_most(
        "picture of a page, kept", kept / download, PICTURE_GOAL, " ×",
        ours=f"{kept * 1000:.1f} ms", beside=f"download {download * 1000:.1f} ms", still=STILL,
    )  # fmt: skip
    size = len(calls["picture of a page, kept"]().getvalue())
    report.at_most("its size", size / 1000, SIZE_GOAL, " kB")
    waited = statistics.median(drawn(template)) * 1000
    report.at_most("picture of a page, drawn", waited, DRAWN_GOAL, " ms", still="in a child of the sandbox")


def copy(template: SharedDocument) -> None:
    """More documents of the appointment, of the same bytes."""
    from documents.models import SharedDocument

    for _ in range(COPIES):
        row = SharedDocument.objects.get(pk=template.pk)
        row.pk = uuid.uuid4()
        row.save(force_insert=True)


def drawn(template: SharedDocument) -> Iterator[float]:
    """Seconds of waiting for the picture of a page that is not kept."""
    from files import preview, storage
    from portals.page_pictures import WIDTH

    with storage.local_copy(template.file) as path:
        for _ in range(DRAWN):
            begun = time.perf_counter()
            preview.drawn_page(path, template.file.media_type, page=1, width=WIDTH)
            yield time.perf_counter() - begun


if __name__ == "__main__":
    with embedded():
        demo()
        print_figures()
