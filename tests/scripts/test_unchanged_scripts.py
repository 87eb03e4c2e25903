"""Programs written for Keras and TensorFlow run as they are and reach what they reach there.

accuracies.json holds what real TensorFlow reached with the same programs and several seeds (record.py). A run here must
do about as well as the worst of them: 0.02 less in accuracy, 10 % more in error.
"""

import contextlib
import io
import json
import os
import runpy
import subprocess
import sys
import warnings
from pathlib import Path

import pytest

import nnstack
from nnstack import backend

FOLDER = Path(__file__).parent
PROGRAMS = sorted(path.stem for path in (FOLDER / "programs").glob("*.py") if path.stem != "samples")
RECORDED = json.loads((FOLDER / "accuracies.json").read_text(encoding="utf-8"))
# tf.keras 2.13 and later have no wrappers: what GridSearchCV does is written out in the other program.
SAME = {"grid_search_with_wrapper": "grid_search"}
READS_SHARED = (FOLDER.parents[2] / "shared" / "data").is_dir() and not os.environ.get("SCRIPTS_WITHOUT_SHARED_DATA")


def run(name: str, monkeypatch: pytest.MonkeyPatch) -> str:
    """What the program prints: in this process, as `nnstack run` does it, or where the real packages are loaded in one
    of its own.
    """
    path = str(FOLDER / "programs" / f"{name}.py")
    monkeypatch.setenv("SCRIPTS_WITHOUT_SHARED_DATA", "" if READS_SHARED else "1")
    monkeypatch.setenv("SCRIPTS_SEED", "1")
    if {"keras", "tensorflow", "tf_keras"} & set(sys.modules):
        command = [sys.executable, "-m", "nnstack", "run", path]
        done = subprocess.run(command, capture_output=True, text=True, timeout=300, env=dict(os.environ))
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout
    monkeypatch.syspath_prepend(str(FOLDER / "programs"))
    output = io.StringIO()
    nnstack.install_as_keras()
    try:
        with contextlib.redirect_stdout(output), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            runpy.run_path(path, run_name="__main__")
    finally:
        nnstack.uninstall_as_keras()
        sys.modules.pop("samples", None)
        nnstack.utils.get_custom_objects().pop("programs>Linear", None)
        backend.clear_session()
    return output.getvalue()


@pytest.mark.parametrize("name", PROGRAMS)
def test_it_reaches_what_tensorflow_reaches(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    last = run(name, monkeypatch).strip().splitlines()[-1]
    found = float(last.split()[-1])
    recorded = RECORDED[SAME.get(name, name)]  # "shared" is missing where the program reads no files
    expected = recorded["shared"] if READS_SHARED and "shared" in recorded else recorded["made"]
    if "error" in last:
        assert found <= max(expected) * 1.1, f"{last}; TensorFlow: {expected}"
    else:
        assert found >= min(expected) - 0.02, f"{last}; TensorFlow: {expected}"


def test_there_are_programs_of_every_style() -> None:
    assert len(PROGRAMS) >= 20 and {SAME.get(name, name) for name in PROGRAMS} == set(RECORDED)
    assert not any("nnstack" in (FOLDER / "programs" / f"{name}.py").read_text(encoding="utf-8") for name in PROGRAMS)
