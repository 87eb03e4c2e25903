"""docs/model-api.md names tests that exist, and every test of this folder."""

from __future__ import annotations

import re
from pathlib import Path

TESTS = Path(__file__).parents[1]
PAGE = TESTS.parent / "docs" / "model-api.md"


def _functions(path: Path) -> set[str]:
    return set(re.findall(r"^def (test_\w+)", path.read_text(encoding="utf-8"), re.MULTILINE))


def test_every_row_names_tests_that_exist() -> None:
    lines = PAGE.read_text(encoding="utf-8").splitlines()
    rows = [line for line in lines if line.startswith("| ") and "| Shown by |" not in line]
    assert len(rows) > 60
    for row in rows:
        named = re.findall(r"`([\w/]+\.py)(?:::(test_\w+))?`", row)
        assert named, row
        for file, test in named:
            assert (TESTS / file).is_file(), (file, row)
            assert not test or test in _functions(TESTS / file), (file, test)


def test_every_test_of_this_folder_stands_on_the_page() -> None:
    text = PAGE.read_text(encoding="utf-8")
    for path in sorted(Path(__file__).parent.glob("test_spec_*.py")):
        missing = [name for name in _functions(path) if f"{path.name}::{name}`" not in text]
        assert not missing, (path.name, missing)
