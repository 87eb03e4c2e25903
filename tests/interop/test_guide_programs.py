"""One text, run by tf_keras and by nnstack: the same numbers."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

PROGRAMS = Path(__file__).with_name("guide_programs.py")


def _numbers(framework: str) -> Any:
    environment = {**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3", "CUDA_VISIBLE_DEVICES": ""}
    run = subprocess.run(
        [sys.executable, str(PROGRAMS), framework], capture_output=True, text=True, env=environment, check=False
    )
    assert run.returncode == 0, run.stderr[-2000:]
    return json.loads(run.stdout.splitlines()[-1])


def _compare(ours: Any, theirs: Any, place: str) -> None:
    if isinstance(theirs, dict):
        assert sorted(ours) == sorted(theirs), place
        for key in theirs:
            _compare(ours[key], theirs[key], f"{place} {key}")
    elif isinstance(theirs, list):
        assert len(ours) == len(theirs), place
        for number, (one, other) in enumerate(zip(ours, theirs, strict=True)):
            _compare(one, other, f"{place} {number}")
    else:
        assert ours == (pytest.approx(theirs, rel=1e-4, abs=1e-5) if isinstance(theirs, float) else theirs), place


def test_guide_programs(tf_keras: Any) -> None:
    theirs, ours = _numbers("tf_keras"), _numbers("nnstack")
    assert len(theirs) >= 7
    _compare(ours, theirs, "")
