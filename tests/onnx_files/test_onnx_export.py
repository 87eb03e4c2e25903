"""What an exported file looks like, what is refused, and random models against ONNX Runtime."""

from __future__ import annotations

import sys
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

import nnstack
from nnstack import backend
from nnstack import layers as L


def kinds(proto: Any) -> Counter[str]:
    return Counter(node.op_type for node in proto.graph.node)


def draw(*shape: int) -> np.ndarray:
    return np.random.default_rng(0).normal(size=shape).astype(np.float32)


# -- structure --------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("layer", "operator", "count"),
    [
        (lambda: L.LSTM(3, return_sequences=True), "LSTM", 1),
        (lambda: L.GRU(3, go_backwards=True), "GRU", 1),
        (lambda: L.SimpleRNN(3, activation="relu"), "RNN", 1),
        (lambda: L.Bidirectional(L.LSTM(3)), "LSTM", 2),
        (lambda: L.GRU(3, reset_after=False, recurrent_activation="hard_sigmoid"), "GRU", 1),
        (lambda: L.LSTM(3, dropout=0.2, recurrent_dropout=0.1, return_sequences=True, go_backwards=True), "LSTM", 1),
        (lambda: L.RNN(L.SimpleRNNCell(3, activation="sigmoid")), "RNN", 1),
        (lambda: L.RNN(L.LSTMCell(3), return_sequences=True), "LSTM", 1),
    ],
)
def test_recurrent_layers_are_onnx_own(layer: Any, operator: str, count: int, agree: Any) -> None:
    model = nnstack.Sequential([L.Dense(4, input_shape=(5, 2)), layer()])
    found = kinds(agree(model, [draw(3, 5, 2)]))
    assert found[operator] == count
    assert "Scan" not in found
    assert found["MatMul"] == 1  # that of Dense: the inputs' projections are the operator's own


def test_gru_resets_after_the_product(agree: Any, onnx: Any) -> None:
    proto = agree(nnstack.Sequential([L.GRU(3, input_shape=(5, 2))]), [draw(3, 5, 2)])
    node = next(node for node in proto.graph.node if node.op_type == "GRU")
    attributes = {one.name: onnx.helper.get_attribute_value(one) for one in node.attribute}
    assert attributes["linear_before_reset"] == 1
    assert attributes["activations"] == [b"Sigmoid", b"Tanh"]


def test_upsampling_is_one_resize(agree: Any) -> None:
    i = nnstack.Input((3, 4, 2))
    proto = agree(nnstack.Model(i, L.UpSampling2D((2, 3))(L.Conv2D(3, 1)(i))), [draw(2, 3, 4, 2)])
    assert kinds(proto) == {"Transpose": 2, "Conv": 1, "Add": 1, "Resize": 1}


@pytest.mark.parametrize(("data_format", "transposed"), [("channels_last", 1), ("channels_first", 0)])
def test_images_are_transposed_once(data_format: str, transposed: int, agree: Any) -> None:
    shape, axis = ((8, 8, 3), -1) if data_format == "channels_last" else ((3, 8, 8), 1)
    i = nnstack.Input(shape)
    x = L.Conv2D(4, 3, padding="same", data_format=data_format)(i)
    y = L.ReLU()(L.BatchNormalization(axis=axis)(x))
    y = L.Conv2D(4, 3, padding="same", data_format=data_format)(y)
    y = L.Concatenate(axis=axis)([L.Add()([x, y]), x])
    y = L.ZeroPadding2D(1, data_format=data_format)(y)
    y = L.AveragePooling2D(data_format=data_format)(L.MaxPooling2D(data_format=data_format)(y))
    model = nnstack.Model(i, L.Dense(2)(L.GlobalAveragePooling2D(data_format=data_format)(y)))
    assert kinds(agree(model, [draw(3, *shape)]))["Transpose"] == transposed


def test_names_and_unknown_sizes_stay(agree: Any) -> None:
    a, b = nnstack.Input((None, 2), name="left"), nnstack.Input((3,), name="right", dtype="int32")
    total = L.Lambda(lambda x: backend.sum(x, axis=1), name="total")(a)
    graph = agree(
        nnstack.Model([a, b], [total, L.Embedding(5, 4, name="table")(b)]), [draw(2, 6, 2), np.ones((2, 3), np.int32)]
    ).graph
    sizes = {
        one.name: [d.dim_param or d.dim_value for d in one.type.tensor_type.shape.dim]
        for one in [*graph.input, *graph.output]
    }
    assert sizes == {
        "left": ["batch", "left_1", 2], "right": ["batch", 3], "total": ["batch", 2], "table": ["batch", 3, 4]
    }  # fmt: skip


def test_an_output_may_be_an_input_or_stand_twice(agree: Any) -> None:
    i = nnstack.Input((3,))
    x = L.Dense(2, name="x")(i)
    agree(nnstack.Model(i, [x, i, x]), [draw(4, 3)])


def test_custom_layers_and_arithmetic_between_layers(agree: Any) -> None:
    class Gate(L.Layer):
        def build(self, shape: Any) -> None:
            self.w = self.add_weight(name="w", shape=(shape[-1],), initializer="ones")

        def call(self, x: Any, training: Any = None) -> Any:
            return backend.in_train_phase(x * 7, backend.cumsum(x * self.w, -1), training) - backend.max(x, -1, True)

    i = nnstack.Input((4, 3))
    inner = nnstack.Sequential([Gate(), L.Dense(3, activation="gelu")])
    x = inner(i)
    agree(nnstack.Model(i, inner(x) * 2 + x[:, ::-1] / 3 - backend.cumprod(x, 1)), [draw(2, 4, 3)])


def test_nested_inputs_as_a_dict(onnx: Any, runtime: Any, tmp_path: Path) -> None:
    i = {"a": nnstack.Input((2,), name="a"), "b": nnstack.Input((2,), name="b")}
    model = nnstack.Model(i, L.Subtract()([i["a"], i["b"]]))
    nnstack.onnx.export_model(model, tmp_path / "m.onnx")
    x, y = draw(3, 2), np.ones((3, 2), np.float32)
    session_inputs = [one.name for one in onnx.load(tmp_path / "m.onnx").graph.input]
    feeds = [{"a": x, "b": y}[name] for name in session_inputs]
    np.testing.assert_array_equal(runtime(str(tmp_path / "m.onnx"), feeds)[0], x - y)


def test_deep_models_need_no_recursion(agree: Any) -> None:
    i = x = nnstack.Input((2,))
    for _ in range(1500):
        x = x + 0.001
    agree(nnstack.Model(i, x), [draw(2, 2)], tolerance=1e-3)


@pytest.mark.parametrize("opset", [18, 20, 21])
def test_opsets(opset: int, agree: Any) -> None:
    model = nnstack.Sequential([L.Conv1D(3, 2, input_shape=(6, 2)), L.LSTM(3), L.Dense(2, activation="softmax")])
    assert agree(model, [draw(2, 6, 2)], opset=opset).opset_import[0].version == opset


# -- weights in a file of their own -----------------------------------------------------------------------------------
def test_external_data(agree: Any, tmp_path: Path) -> None:
    model = nnstack.Sequential([L.Dense(64, input_shape=(32,)), L.Dense(3)])
    agree(model, [draw(2, 32)], external_data=True)
    assert (tmp_path / "model.onnx").stat().st_size < 4096
    assert (tmp_path / "model.onnx.data").stat().st_size == 4 * 32 * 64


@pytest.mark.parametrize("location", ["../secret", "/etc/hostname", "model.onnx.data"])
def test_external_data_outside_its_place_is_refused(location: str, onnx: Any, tmp_path: Path) -> None:
    path = tmp_path / "inside" / "model.onnx"
    path.parent.mkdir()
    (tmp_path / "secret").write_bytes(b"0" * 100_000)
    model = nnstack.Sequential([L.Dense(64, input_shape=(32,))])
    nnstack.onnx.export_model(model, path, external_data=True)
    proto = onnx.load(path, load_external_data=False)
    tensor = next(one for one in proto.graph.initializer if one.external_data)
    tensor.external_data[0].value = location
    if location == "model.onnx.data":  # more than there is
        tensor.external_data[1].value = "4096"
    path.write_bytes(proto.SerializeToString())
    with pytest.raises(ValueError, match=r"outside the model's folder|has others at 4096"):
        nnstack.onnx.import_model(path)


# -- refused ----------------------------------------------------------------------------------------------------------
def test_without_the_package(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setitem(sys.modules, "onnx", None)
    with pytest.raises(ImportError, match=r"pip install 'nnstack\[onnx\]'"):
        nnstack.Sequential([L.Dense(1, input_shape=(1,))]).export(tmp_path / "m.onnx")


@pytest.mark.parametrize(
    ("model", "options", "text"),
    [
        (lambda: nnstack.Sequential([L.Dense(1)]), {}, "no fixed inputs yet"),
        (
            lambda: nnstack.Sequential([L.LSTM(2, stateful=True, name="kept", batch_input_shape=(2, 3, 1))]),
            {},
            "kept keep",
        ),
        (lambda: nnstack.Sequential([L.Dense(1, input_shape=(1,))]), {"opset": 9}, "opset from 18 to"),
        (lambda: nnstack.Sequential([L.Dense(1, input_shape=(1,))]), {"opset": True}, "opset from 18 to"),
    ],
)
def test_refused(model: Any, options: dict[str, Any], text: str, onnx: Any, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=text):
        nnstack.onnx.export_model(model(), tmp_path / "m.onnx", **options)
    assert list(tmp_path.iterdir()) == []


def test_everything_that_onnx_lacks_is_told_at_once(onnx: Any, tmp_path: Path) -> None:
    i = nnstack.Input((3,))
    x = L.Lambda(lambda x: x + backend.random_uniform((3,)), name="noisy")(i)
    y = L.Lambda(lambda x: backend.dropout(x, 0.5), name="dropped")(x)
    with pytest.raises(ValueError, match=r"random_uniform \(in .*dropped.*noisy"):
        nnstack.onnx.export_model(nnstack.Model(i, y), tmp_path / "m.onnx")


# -- random models ----------------------------------------------------------------------------------------------------
images = st.one_of(
    st.builds(
        lambda filters, kernel, strides, padding, activation: L.Conv2D(
            filters, kernel, strides=strides, padding=padding, activation=activation
        ),
        st.integers(1, 4), st.tuples(st.integers(1, 3), st.integers(1, 3)), st.integers(1, 2),
        st.sampled_from(["same", "valid"]), st.sampled_from(["relu", "elu", "swish", None]),
    ),
    st.builds(
        lambda filters, kernel, strides, padding: L.Conv2DTranspose(filters, kernel, strides=strides, padding=padding),
        st.integers(1, 3), st.integers(1, 3), st.integers(1, 3), st.sampled_from(["same", "valid"]),
    ),
    st.builds(lambda multiplier: L.DepthwiseConv2D(2, depth_multiplier=multiplier, padding="same"), st.integers(1, 2)),
    st.builds(
        lambda kind, size, strides, padding: kind(size, strides=strides, padding=padding),
        st.sampled_from([L.MaxPooling2D, L.AveragePooling2D]), st.integers(1, 3), st.integers(1, 3),
        st.sampled_from(["same", "valid"]),
    ),
    st.sampled_from([L.BatchNormalization, L.LayerNormalization, L.UpSampling2D, L.ReLU, L.PReLU]).map(lambda k: k()),
    st.builds(lambda a, b: L.ZeroPadding2D(((a, b), (b, a))), st.integers(0, 2), st.integers(0, 2)),
    st.just(None).map(lambda _: L.Permute((2, 1, 3))),
)  # fmt: skip
sequences = st.one_of(
    st.builds(
        lambda kind, units, options: kind(units, return_sequences=True, **options),
        st.sampled_from([L.LSTM, L.GRU, L.SimpleRNN]), st.integers(1, 4),
        st.fixed_dictionaries({}, optional={"go_backwards": st.booleans(), "use_bias": st.booleans()}),
    ),
    st.builds(lambda units: L.Bidirectional(L.GRU(units, return_sequences=True)), st.integers(1, 3)),
    st.builds(lambda f, d: L.Conv1D(f, 2, dilation_rate=d, padding="causal"), st.integers(1, 4), st.integers(1, 3)),
    st.sampled_from([L.LayerNormalization, L.UnitNormalization, L.ReLU]).map(lambda kind: kind()),
    st.builds(lambda units: L.TimeDistributed(L.Dense(units, activation="tanh")), st.integers(1, 4)),
)  # fmt: skip


@settings(
    max_examples=20, deadline=None, phases=[Phase.explicit, Phase.generate], suppress_health_check=list(HealthCheck)
)
@given(
    drawn=st.lists(images, min_size=1, max_size=5),
    size=st.tuples(st.integers(5, 9), st.integers(5, 9)),
    seed=st.integers(0, 9),
)
def test_random_image_models(drawn: list[Any], size: tuple[int, int], seed: int, agree: Any) -> None:
    i = x = nnstack.Input((*size, 2))
    for layer in drawn:
        if min(x.shape[1:3]) < 4 or max(x.shape[1:3]) > 40:
            break
        x = layer(x)
    model = nnstack.Model(i, L.Flatten()(x))
    generator = np.random.default_rng(seed)
    model.set_weights([generator.uniform(-0.5, 0.9, w.shape) ** 2 for w in model.get_weights()])
    agree(model, [draw(2, *size, 2)], tolerance=1e-3)


@settings(
    max_examples=15, deadline=None, phases=[Phase.explicit, Phase.generate], suppress_health_check=list(HealthCheck)
)
@given(
    drawn=st.lists(sequences, min_size=1, max_size=4),
    steps=st.integers(1, 7),
    unknown=st.booleans(),
    masked=st.booleans(),
)
def test_random_sequence_models(drawn: list[Any], steps: int, unknown: bool, masked: bool, agree: Any) -> None:
    i = nnstack.Input((None if unknown else steps, 3))
    x = L.Masking()(i) if masked else i
    for layer in drawn:
        x = layer(x)
    data = draw(3, steps, 3)
    data[1, steps // 2 :] = 0
    agree(nnstack.Model(i, x), [data], tolerance=1e-4)
