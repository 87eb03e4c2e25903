"""The real tf_keras, in this interpreter. Without it these tests skip; NNSTACK_REQUIRE_INTEROP=1 makes that a
failure.
"""

import importlib
import os
import warnings
from typing import Any

import pytest

PIP = "pip install 'nnstack[interop]' && pip install --no-deps tf-keras"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if "interop" in str(item.path):
            item.add_marker(pytest.mark.interop)
            item.add_marker(pytest.mark.filterwarnings("default"))  # TensorFlow's own warnings are not ours


@pytest.fixture(scope="session")
def tf_keras() -> Any:
    return _module("tf_keras")


@pytest.fixture(scope="session")
def keras_3() -> Any:
    """Keras 3 on TensorFlow; tests that need it skip where Keras 2 or nothing is installed under that name."""
    module = _module("keras")
    if not module.__version__.startswith("3."):
        pytest.skip(f"needs Keras 3, found keras {module.__version__}")
    return module


def _module(name: str) -> Any:
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    os.environ.setdefault("CUDA_VISIBLE_DEVICES", "")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return importlib.import_module(name)
    except ImportError as error:
        if os.environ.get("NNSTACK_REQUIRE_INTEROP") == "1" and name == "tf_keras":
            raise
        pytest.skip(f"needs the real {name} ({error}); {PIP}")
