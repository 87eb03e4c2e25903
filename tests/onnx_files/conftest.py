"""The packages onnx and onnxruntime; without them these tests skip, NNSTACK_REQUIRE_INTEROP=1 makes that a failure."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if "onnx_files" in str(item.path):
            item.add_marker(pytest.mark.interop)
            item.add_marker(pytest.mark.filterwarnings("default"))  # warnings of onnx itself are not ours


@pytest.fixture(scope="session")
def onnx() -> Any:
    return pytest.importorskip("onnx", reason="needs the package onnx: pip install 'nnstack[onnx]'")


@pytest.fixture(scope="session")
def runtime(onnx: Any) -> Any:
    """`runtime(path or bytes, inputs)`: what ONNX Runtime computes, outputs in order."""
    onnxruntime = pytest.importorskip("onnxruntime", reason="needs the package onnxruntime")

    def run(file: Any, inputs: list[np.ndarray]) -> list[np.ndarray]:
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        options.log_severity_level = 3
        session = onnxruntime.InferenceSession(file, options, providers=["CPUExecutionProvider"])
        feeds = {one.name: array for one, array in zip(session.get_inputs(), inputs, strict=True)}
        return list(session.run(None, feeds))

    return run


@pytest.fixture
def agree(onnx: Any, runtime: Any, tmp_path: Any) -> Callable[..., Any]:
    """Exports a model, has the file checked, compares the outputs of both and of the model read back."""

    def check(model: Any, inputs: list[np.ndarray], tolerance: float = 2e-5, **options: Any) -> Any:
        import nnstack

        path = str(tmp_path / "model.onnx")
        nnstack.onnx.export_model(model, path, **options)
        onnx.checker.check_model(path, full_check=True)
        expected = model.predict(inputs if len(inputs) > 1 else inputs[0], verbose=0)
        expected = expected if isinstance(expected, list) else [expected]
        found = runtime(path, inputs)
        assert len(found) == len(expected)
        for one, other in zip(found, expected, strict=True):
            assert one.shape == other.shape
            assert one.dtype == other.dtype
            np.testing.assert_allclose(one, other, rtol=tolerance, atol=tolerance)
        back = nnstack.onnx.import_model(path)
        again = back.predict(inputs if len(inputs) > 1 else inputs[0], verbose=0)
        for one, other in zip(again if isinstance(again, list) else [again], expected, strict=True):
            assert one.dtype == other.dtype
            np.testing.assert_allclose(one, other, rtol=tolerance, atol=tolerance)
        return onnx.load(path)

    return check
