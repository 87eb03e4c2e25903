"""Every public function of the backend is called by some test."""

import re
from inspect import isfunction
from pathlib import Path

from nnstack import backend

TESTS = Path(__file__).parent.parent
CALLS = re.compile(r"\b(?:K|B|backend)\.(\w+)")
THROUGH_OTHERS = {
    "current_scope",  # traces and eager scopes
    "learning_phase_symbol",  # learning_phase
    "next_seed",  # seeds of the random functions
    "seed_stream",  # utils.set_random_seed
}


def test_every_function_is_called_by_a_test():
    functions = {name for name, value in vars(backend).items() if not name.startswith("_") and isfunction(value)}
    called = {name for path in TESTS.rglob("*.py") for name in CALLS.findall(path.read_text(encoding="utf-8"))}
    assert functions - called - THROUGH_OTHERS == set()
