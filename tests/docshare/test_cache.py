"""What a question to the cache costs."""

from __future__ import annotations

from django.core.cache import cache

from tests.costs import counted


def test_a_question_makes_no_client() -> None:
    cache.set("one", "kept", 60)
    kept, calls = counted(lambda: cache.get("one"))
    assert kept == "kept"
    assert calls < 400  # a client takes 500 of them
