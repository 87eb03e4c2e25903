"""ONNX files, written and read: `export_model(model, path)` and `import_model(path)`; needs the extra [onnx].

>>> nnstack.onnx.writing.export_model(model, "model.onnx")
>>> nnstack.onnx.import_model("model.onnx").predict(x)
"""

from __future__ import annotations

from typing import Any


def export_model(model: Any, filepath: Any, opset: int = 18, external_data: bool | None = None) -> None:
    """Writes what `model.predict` computes as an ONNX file.

    Inputs and outputs keep the names of the model's; sizes that are unknown stay so. Weights and what follows from
    them alone become initializers. `opset`: version of ONNX's operators, at least 18. `external_data`: weights in a
    file of their own, PATH.data; default: where they are more than 1.5 GB, as one file may hold 2.

    Raises `ImportError` without the package onnx; `ValueError` before the model is built, for stateful recurrent
    layers, and for operations that ONNX does not have (random numbers, CTC decoding), all at once.

    >>> export_model(model, "model.onnx")
    >>> onnxruntime.InferenceSession("model.onnx").run(None, {"input_1": x})
    """
    from nnstack.onnx.writing.export import export_model as write

    write(model, filepath, opset, external_data)


def import_model(filepath: Any, name: str | None = None) -> Any:
    """The model in an ONNX file, one layer per operator; float initializers are weights and can be trained.

    `filepath`: a path, bytes of a file, or an open file. Layers keep the operators' names. Weights in other files are
    read from the folder of `filepath` and nowhere else. Nothing in a file is executed.

    Raises `ImportError` without the package onnx; `OSError` for a file that is not there; `ValueError` for a broken
    one, and for operators that are not known, all at once with how often each is used.

    >>> model = import_model("resnet.onnx")
    >>> model.predict(images)
    """
    from nnstack.onnx.reading.model import import_model as read
    from nnstack.saving.broken import told_as_broken
    from nnstack.utils.allowance import from_a_file

    with told_as_broken("import_model"), from_a_file():
        return read(filepath, name)


__all__ = ["export_model", "import_model"]
