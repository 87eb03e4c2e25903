"""ONNX and safetensors files made to do harm: a named error, nothing followed out of the folder, no memory taken."""

from __future__ import annotations

import json
import os
import resource
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from nnstack.layers import Dense
from nnstack.models import Sequential


def refused(action: Callable[[], Any], seconds: float = 1.0, megabytes: float = 200.0) -> str:
    """The text of the error; run in a fork, with processor time and memory measured."""
    read, write = os.pipe()
    child = os.fork()
    if child == 0:
        kind, text = "nothing", "it was read"
        start, before = resource.getrusage(resource.RUSAGE_SELF), resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        try:
            resource.setrlimit(resource.RLIMIT_CPU, (20, 20))
            action()
        except BaseException as error:
            kind = next(one.__name__ for one in type(error).__mro__ if one.__module__ == "builtins")
            text = str(error)
        end = resource.getrusage(resource.RUSAGE_SELF)
        used = [end.ru_utime - start.ru_utime, (end.ru_maxrss - before) / 1024]
        os.write(write, json.dumps([kind, text[:3000], *used]).encode())
        os._exit(0)
    os.close(write)
    with os.fdopen(read) as pipe:
        answer = pipe.read()
    assert os.waitpid(child, 0)[1] == 0 and answer, "the reader was killed"
    kind, text, took, grown = json.loads(answer)
    assert kind in ("ValueError", "OSError", "TypeError", "FileNotFoundError"), (kind, text)
    assert took < seconds and grown < megabytes, (took, grown, text)
    return str(text)


# -- safetensors ------------------------------------------------------------------------------------------------------
def safetensors_bytes(header: Any, data: bytes = b"", length: int | None = None) -> bytes:
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    return (len(text) if length is None else length).to_bytes(8, "little") + text + data


def tensor(shape: list[int], begin: int, end: int, dtype: str = "F32") -> dict[str, Any]:
    return {"dtype": dtype, "shape": shape, "data_offsets": [begin, end]}


SAFETENSORS: dict[str, bytes] = {
    "header longer than the file": safetensors_bytes({"a": tensor([1], 0, 4)}, bytes(4), 1 << 40),
    "header of all bytes": safetensors_bytes({"a": tensor([1], 0, 4)}, bytes(4), (1 << 64) - 1),
    "no JSON": safetensors_bytes(b'{"a": [' + b"[" * 50_000),
    "claims a terabyte": safetensors_bytes({"d/kernel": tensor([1 << 20, 1 << 18], 0, 1 << 40)}, bytes(24)),
    "overlapping": safetensors_bytes({"d/kernel": tensor([3, 2], 0, 24), "d/bias": tensor([2], 16, 24)}, bytes(24)),
    "hole": safetensors_bytes({"d/kernel": tensor([3, 2], 8, 32)}, bytes(32)),
    "behind the end": safetensors_bytes({"d/kernel": tensor([3, 2], 0, 24)}, bytes(8)),
    "shape and bytes differ": safetensors_bytes({"d/kernel": tensor([300, 2], 0, 24)}, bytes(24)),
    "negative shape": safetensors_bytes({"d/kernel": tensor([-3, -2], 0, 24)}, bytes(24)),
    "product overflows": safetensors_bytes({"d/kernel": tensor([1 << 32, 1 << 32], 0, 0)}),
    "unknown type": safetensors_bytes({"d/kernel": tensor([3, 2], 0, 24, "PICKLE")}, bytes(24)),
    "another model": safetensors_bytes({"x": tensor([3, 2], 0, 24)}, bytes(24)),
    "empty": b"",
    "pickle": b"\x80\x04cos\nsystem\n(S'touch /tmp/x'\ntR.",
}


@pytest.mark.parametrize("name", SAFETENSORS)
def test_safetensors(name: str, tmp_path: Path) -> None:
    pytest.importorskip("safetensors")
    safetensors_file = pytest.importorskip("nnstack.saving.safetensors_file")
    model = Sequential([Dense(2, input_shape=(3,), name="d")])
    path = tmp_path / "w.safetensors"
    safetensors_file.save_weights(model, path, True, "save_weights")
    safetensors_file.load_weights(model, path, "load_weights")  # libraries are loaded here
    before = model.get_weights()
    path.write_bytes(SAFETENSORS[name])
    assert refused(lambda: safetensors_file.load_weights(model, path, "load_weights"))
    with pytest.raises((ValueError, OSError)):
        safetensors_file.load_weights(model, path, "load_weights")
    for mine, other in zip(model.get_weights(), before, strict=True):
        np.testing.assert_array_equal(mine, other)


# -- ONNX -------------------------------------------------------------------------------------------------------------
def onnx_cases() -> dict[str, Callable[[Any, Path], bytes]]:
    """Bytes of files by name; made with the package onnx."""

    def of_nodes(nodes: Any, constants: Any = (), helper: Any = None, **options: Any) -> bytes:
        value = helper.make_tensor_value_info
        graph = helper.make_graph(
            nodes, "g", [value("x", 1, [None, 2])], [value("y", 1, None)], initializer=list(constants)
        )
        data: bytes = helper.make_model(
            graph, opset_imports=[helper.make_opsetid("", 17)], **options
        ).SerializeToString()
        return data

    def numbers(helper: Any, name: str, values: list[int]) -> Any:
        return helper.make_tensor(name, 7, [len(values)], values)

    def external(location: str, **entries: str) -> Callable[[Any, Path], bytes]:
        def make(onnx: Any, folder: Path) -> bytes:
            one = onnx.TensorProto(name="w", data_type=1, dims=[2, 2], data_location=1)
            for key, value in {"location": location, **entries}.items():
                one.external_data.add(key=key, value=value)
            return of_nodes([onnx.helper.make_node("MatMul", ["x", "w"], ["y"])], [one], onnx.helper)

        return make

    def external_symlink(onnx: Any, folder: Path) -> bytes:
        (folder / "data").symlink_to("/etc/passwd")
        return external("data", length="16")(onnx, folder)

    def external_folder(onnx: Any, folder: Path) -> bytes:
        (folder / "etc").symlink_to("/etc")
        return external("etc/passwd", length="16")(onnx, folder)

    def folded(kind: str, *operands: list[int]) -> Callable[[Any, Path], bytes]:
        def make(onnx: Any, folder: Path) -> bytes:
            h = onnx.helper
            given = [numbers(h, f"c{number}", values) for number, values in enumerate(operands)]
            node = h.make_node(kind, [one.name for one in given], ["z"])
            return of_nodes([node, h.make_node("Add", ["x", "z"], ["y"])], given, h)

        return make

    def outer_product(onnx: Any, folder: Path) -> bytes:
        h, rows = onnx.helper, np.ones(20_000, np.float32)
        given = [h.make_tensor("a", 1, [20_000, 1], rows), h.make_tensor("b", 1, [1, 20_000], rows)]
        return of_nodes([h.make_node("Mul", ["a", "b"], ["z"]), h.make_node("Add", ["x", "z"], ["y"])], given, h)

    def claims(onnx: Any, folder: Path) -> bytes:
        one = onnx.TensorProto(name="w", data_type=1, dims=[1 << 20, 1 << 20], raw_data=bytes(16))
        return of_nodes([onnx.helper.make_node("MatMul", ["x", "w"], ["y"])], [one], onnx.helper)

    def claims_without_bytes(onnx: Any, folder: Path) -> bytes:
        one = onnx.TensorProto(name="w", data_type=1, dims=[1 << 31, 1 << 31])
        return of_nodes([onnx.helper.make_node("MatMul", ["x", "w"], ["y"])], [one], onnx.helper)

    def functions_of_functions(onnx: Any, folder: Path) -> bytes:
        h, sets = onnx.helper, [onnx.helper.make_opsetid("", 17), onnx.helper.make_opsetid("f", 1)]
        made = [h.make_function("f", "f0", ["a"], ["b"], [h.make_node("Relu", ["a"], ["b"])], sets)]
        for level in range(1, 40):
            calls = [h.make_node(f"f{level - 1}", ["a"], ["t"], domain="f")]
            calls.append(h.make_node(f"f{level - 1}", ["t"], ["b"], domain="f"))
            made.append(h.make_function("f", f"f{level}", ["a"], ["b"], calls, sets))
        value = h.make_tensor_value_info
        node = h.make_node("f39", ["x"], ["y"], domain="f")
        graph = h.make_graph([node], "g", [value("x", 1, [None, 2])], [value("y", 1, None)])
        data: bytes = h.make_model(graph, opset_imports=sets, functions=made).SerializeToString()
        return data

    def graphs_in_graphs(onnx: Any, folder: Path) -> bytes:
        h = onnx.helper
        body = h.make_graph([h.make_node("Relu", ["x"], ["y"])], "b", [], [h.make_tensor_value_info("y", 1, None)])
        for _ in range(20):
            inner = h.make_node("If", ["x"], ["y"], then_branch=body, else_branch=h.make_graph([], "e", [], []))
            body = h.make_graph([inner], "b", [], [h.make_tensor_value_info("y", 1, None)])
        return of_nodes(list(body.node), (), h)

    return {
        "weights in /etc/passwd": external("/etc/passwd"),
        "weights above the folder": external("../../../etc/passwd"),
        "weights above a folder": external("x/../../../../../etc/passwd"),
        "weights above, backwards": external("..\\..\\etc\\passwd"),
        "weights behind a link": external_symlink,
        "weights behind a linked folder": external_folder,
        "keys of Python's own": external("m.onnx", __class__="x", base_dir="/etc", length="16", offset="99999999"),
        "length of gigabytes": external("m.onnx", length=str(1 << 40)),
        "weights at a negative offset": external("m.onnx", offset="-5", length="16"),
        "offset that is no number": external("m.onnx", offset="x"),
        "claims a terabyte": claims,
        "claims without bytes": claims_without_bytes,
        "constant of any shape": folded("ConstantOfShape", [1 << 20, 1 << 12]),
        "tile": folded("Tile", [1], [1 << 32]),
        "expand": folded("Expand", [1], [1 << 15, 1 << 15, 4]),
        "negative shape": folded("ConstantOfShape", [-1 << 20, -1 << 12]),
        "outer product": outer_product,
        "functions of functions": functions_of_functions,
        "graphs in graphs": graphs_in_graphs,
        "operand left out": lambda onnx, folder: of_nodes(
            [onnx.helper.make_node("Equal", ["", "c"], ["z"]), onnx.helper.make_node("Not", ["z"], ["y"])],
            [numbers(onnx.helper, "c", [1])],
            onnx.helper,
        ),
        "unknown operator": lambda onnx, folder: of_nodes(
            [onnx.helper.make_node("System", ["x"], ["y"], domain="os")], (), onnx.helper
        ),
        "circle": lambda onnx, folder: of_nodes([onnx.helper.make_node("Add", ["x", "y"], ["y"])], (), onnx.helper),
        "noise": lambda onnx, folder: b"\x0a\xff\xff\xff\xff\x0f" * 50,
        "empty": lambda onnx, folder: b"",
    }


@pytest.mark.interop
@pytest.mark.parametrize("name", onnx_cases())
def test_onnx(name: str, tmp_path: Path) -> None:
    onnx = pytest.importorskip("onnx", reason="needs the package onnx: pip install 'nnstack[onnx]'")
    from nnstack.onnx import import_model

    good = onnx.helper.make_graph(
        [onnx.helper.make_node("Relu", ["x"], ["y"])],
        "g",
        [onnx.helper.make_tensor_value_info("x", 1, [None, 2])],
        [onnx.helper.make_tensor_value_info("y", 1, [None, 2])],
    )
    sets = [onnx.helper.make_opsetid("", 17)]
    import_model(onnx.helper.make_model(good, opset_imports=sets).SerializeToString())  # libraries are loaded here
    folder = tmp_path / "a" / "b"
    folder.mkdir(parents=True)
    (folder / "m.onnx").write_bytes(onnx_cases()[name](onnx, folder))
    assert refused(lambda: import_model(folder / "m.onnx"))
