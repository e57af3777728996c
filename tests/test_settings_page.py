"""docs/settings.md lists every setting that the code reads, with its meaning."""

from __future__ import annotations

import re

import pytest

from tools import settings_table, settings_texts


def test_the_page_is_what_the_code_says() -> None:
    assert settings_table.PAGE.read_text() == settings_table.page(), "python tools/settings_table.py"


@pytest.mark.parametrize(
    "source",
    ['env.int("NEW", 4)', 'env.str("NEW", default="4")', 'os.environ.get("NEW", "4")', 'hour_and_day(env, "NEW", 4)'],
)
def test_a_setting_without_a_text_is_an_error(source: str, monkeypatch: pytest.MonkeyPatch) -> None:
    ((name, default),) = settings_table.reads(source)
    assert (name, default) == ("NEW", "4")
    known = settings_table.settings_read()
    monkeypatch.setattr(settings_table, "settings_read", lambda: {**known, name: default})
    with pytest.raises(settings_table.OutOfDate, match=r"says nothing of NEW"):
        settings_table.page()


def test_a_text_without_a_setting_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(settings_texts.GROUPS["The site"], "OLD", settings_texts.Setting("It is gone"))
    with pytest.raises(settings_table.OutOfDate, match=r"has OLD, which no code reads"):
        settings_table.page()


def test_no_setting_is_read_in_a_way_that_the_table_does_not_see() -> None:
    """Compares every name that begins with `env` or `environ` with the settings found."""
    found = settings_table.settings_read()
    for package in settings_table.PACKAGES:
        for path in (settings_table.ROOT / package).rglob("*.py"):
            for name in re.findall(
                r"""(?:\benv\b|\benviron\b)[^\n]{0,40}?["']([A-Z][A-Z0-9_]{2,})["']""", path.read_text()
            ):
                assert name in found or name in settings_table.INTERNAL, f"{path}: {name}"


def test_every_setting_says_what_it_does_and_secrets_are_no_defaults() -> None:
    for name, setting in {k: v for group in settings_texts.GROUPS.values() for k, v in group.items()}.items():
        assert len(setting.what) > 10, name
        assert "|" not in setting.what + setting.unit + setting.default, name
