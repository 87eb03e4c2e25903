"""Programs written for Keras and TensorFlow run as they are and reach what they reach there.

accuracies.json holds what real TensorFlow reached with the same programs, with three seeds each (record.py). A run here
must do as well as the worst of them.
"""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

FOLDER = Path(__file__).parent
PROGRAMS = sorted(path.stem for path in (FOLDER / "programs").glob("*.py") if path.stem != "samples")
RECORDED = json.loads((FOLDER / "accuracies.json").read_text())
# tf.keras 2.13 and later have no wrappers: what GridSearchCV does is written out in the other program.
SAME = {"grid_search_with_wrapper": "grid_search"}
SHARED = FOLDER.parents[2] / "shared" / "data"


def run(name: str, shared: bool) -> str:
    environment = {**os.environ, "SCRIPTS_WITHOUT_SHARED_DATA": "" if shared else "1", "SCRIPTS_SEED": "1"}
    result = subprocess.run(
        [sys.executable, "-m", "nnstack", "run", str(FOLDER / "programs" / f"{name}.py")],
        capture_output=True,
        text=True,
        env=environment,
        timeout=300,
    )
    assert result.returncode == 0, result.stdout + result.stderr
    return result.stdout


@pytest.mark.parametrize("name", PROGRAMS)
def test_it_reaches_what_tensorflow_reaches(name: str) -> None:
    shared = SHARED.is_dir()
    last = run(name, shared).strip().splitlines()[-1]
    found = float(last.split()[-1])
    expected = RECORDED[SAME.get(name, name)]["shared" if shared else "made"]
    if "error" in last:
        assert found <= max(expected) * 1.1, f"{last}; TensorFlow: {expected}"
    else:
        assert found >= min(expected) - 0.02, f"{last}; TensorFlow: {expected}"


def test_there_are_programs_of_every_style() -> None:
    assert len(PROGRAMS) >= 20 and {SAME.get(name, name) for name in PROGRAMS} == set(RECORDED)
    heads = [(FOLDER / "programs" / f"{name}.py").read_text() for name in PROGRAMS]
    assert not any("nnstack" in head for head in heads)
