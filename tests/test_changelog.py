"""CHANGELOG.md has the form of Keep a Changelog, and says of every deprecated name what to use and until when."""

from __future__ import annotations

import re
from datetime import date
from pathlib import Path

import seqgen

TEXT = (Path(__file__).parent.parent / "CHANGELOG.md").read_text(encoding="utf-8")
KINDS = ["Added", "Changed", "Deprecated", "Removed", "Fixed", "Security"]


def sections(text: str, mark: str) -> dict[str, str]:
    """What stands under each heading of one level."""
    _, *parts = re.split(rf"^{mark} ", text, flags=re.MULTILINE)
    return {heading: body for heading, _, body in (part.partition("\n") for part in parts)}


def test_what_is_not_released_comes_first_then_versions_with_their_dates() -> None:
    first, *versions = sections(TEXT, "##")
    assert first == "[Unreleased]"
    found = [re.fullmatch(r"\[(\d+)\.(\d+)\.(\d+)\] - (\d{4}-\d\d-\d\d)", heading) for heading in versions]
    assert all(found), f"a version reads [1.2.3] - 2030-12-31, not one of {versions}"
    numbers = [tuple(map(int, one.groups()[:3])) for one in found if one]
    days = [date.fromisoformat(one[4]) for one in found if one]
    assert numbers == sorted(set(numbers), reverse=True) and days == sorted(days, reverse=True)
    assert not numbers or numbers[0] <= tuple(int(part) for part in seqgen.__version__.split(".")[:3])


def test_changes_are_of_the_six_kinds_each_with_something() -> None:
    for version, text in sections(TEXT, "##").items():
        kinds = sections(text, "###")
        assert list(kinds) == [kind for kind in KINDS if kind in kinds], f"{version}: {list(kinds)}"
        assert not [kind for kind, body in kinds.items() if not body.strip().startswith("- ")]


def test_deprecated_names_are_told() -> None:
    told = "".join(sections(text, "###").get("Deprecated", "") for text in sections(TEXT, "##").values())
    for old, (new, until) in seqgen._DEPRECATED.items():
        assert re.search(rf"`seqgen\.{old}`.*`seqgen\.{new}`.*\b{re.escape(until)}\b", told), old
