"""A test per row of the table of dialects: what another version of Keras wrote gives the layer it means."""

import json
import os
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest

from nnstack import layers
from nnstack.models import Sequential, load_model, model_from_json, model_from_yaml
from nnstack.saving import dialect_writers, dialects, survey
from nnstack.saving.dialects import ARGUMENTS, CLASSES, DEFAULTS, JOINED, LEFT_OUT, MERGE_MODES, VALUES

KERAS_1, KERAS_2, NOW = (1, 2, 2), (2, 2, 4), (2, 15, 0)

# What a class needs besides the argument under test.
REQUIRED: dict[str, dict[str, Any]] = {
    "Dense": {"units": 2},
    "Embedding": {"input_dim": 4, "output_dim": 2},
    "GaussianNoise": {"stddev": 0.1},
    "InputLayer": {"batch_input_shape": [None, 3]},
    **{name: {"units": 2} for name in ("SimpleRNN", "LSTM", "GRU", "SimpleRNNCell", "LSTMCell", "GRUCell")},
    **{name: {"rate": 0.2} for name in dialects.DROPOUTS},
    **{name: {"pool_size": 2} for name in dialects.POOLINGS},
    "DepthwiseConv1D": {"kernel_size": 2},
    "DepthwiseConv2D": {"kernel_size": 2},
}
for convolution in dialects.CONVOLUTIONS:
    REQUIRED.setdefault(convolution, {"filters": 2, "kernel_size": 2})

# An old argument's value in a file, and what it is in the new word; others are taken as they are.
SAMPLES: dict[str, tuple[Any, Any]] = {
    "activation": ("relu", "relu"),
    "output_dim": (3, 3),
    "init": ("he_normal", "he_normal"),
    "inner_init": ("orthogonal", "orthogonal"),
    "inner_activation": ("hard_sigmoid", "hard_sigmoid"),
    "depthwise_init": ("he_normal", "he_normal"),
    "pointwise_init": ("he_normal", "he_normal"),
    "beta_init": ("zero", "zeros"),
    "gamma_init": ("one", "ones"),
    "moving_mean_init": ("zeros", "zeros"),
    "dim_ordering": ("th", "channels_first"),
    "border_mode": ("same", "same"),
    "nb_filter": (5, 5),
    "W_regularizer": (
        {"name": "WeightRegularizer", "l1": 0.0, "l2": 0.5},
        {"class_name": "L1L2", "config": {"l1": 0.0, "l2": 0.5}},
    ),
    "b_regularizer": (None, None),
    "U_regularizer": (None, None),
    "W_constraint": (
        {"name": "MaxNorm", "m": 2, "axis": 0},
        {"class_name": "MaxNorm", "config": {"max_value": 2, "axis": 0}},
    ),
    "b_constraint": (None, None),
    "U_constraint": (None, None),
    "bias": (False, False),
    "dropout_W": (0.25, 0.25),
    "dropout_U": (0.5, 0.5),
    "p": (0.3, 0.3),
    "sigma": (0.4, 0.4),
    "input_dtype": ("float32", "float32"),
    "batch_shape": ([None, 3], [None, 3]),
    "negative_slope": (0.2, 0.2),
    "alpha": (0.2, 0.2),
}
ROWS = [(cls, old, new) for classes, names in ARGUMENTS for cls in classes for old, new in names.items()]


def translated(name: str, config: dict[str, Any], version: tuple[int, ...] | None) -> dict[str, Any]:
    return dialects.translate(name, config, survey.find_class(name), version)


@pytest.mark.parametrize(("old", "new"), CLASSES.items())
def test_classes(old: str, new: str) -> None:
    assert dialects.class_name(old) == new
    found = survey.find_class(old)
    assert found is not None and found.__name__ in (new, "Model")


@pytest.mark.parametrize(("name", "old", "new"), ROWS)
def test_arguments(name: str, old: str, new: str) -> None:
    cls = survey.find_class(name)
    if old in dialects.accepted(cls):
        assert translated(name, {old: 1}, KERAS_2)[old] == 1  # it is this class's own word
        return
    stored, meant = SAMPLES.get(old, (2, 2))
    named = "filters" if name.startswith("ConvLSTM") and new == "units" else new
    config = {key: value for key, value in REQUIRED.get(name, {}).items() if key not in (new, named)}
    result = translated(name, {**config, old: stored}, KERAS_1)
    assert result[named] == meant and old not in result
    assert translated(name, result, KERAS_1) == result  # a second time changes nothing


@pytest.mark.parametrize(("classes", "several", "new"), JOINED)
def test_arguments_that_became_one(classes: tuple[str, ...], several: tuple[str, ...], new: str) -> None:
    for name in classes:
        result = translated(name, {old: number + 2 for number, old in enumerate(several)}, KERAS_1)
        assert result[new] == [number + 2 for number in range(len(several))] and not set(several) & set(result)


@pytest.mark.parametrize(
    ("argument", "old", "new"), [(argument, *pair) for argument, table in VALUES.items() for pair in table.items()]
)
def test_values(argument: str, old: str, new: Any) -> None:
    name = next(
        one
        for one in ("Conv2D", "LSTM", "Embedding", "BatchNormalization", "PReLU")
        if argument in dialects.accepted(survey.find_class(one))
    )
    result = translated(name, {**REQUIRED.get(name, {}), argument: old}, KERAS_1)
    assert result.get(argument) == new
    if new is not None and argument != "data_format":
        assert survey._get_of(argument)(new) is not None  # type: ignore[misc]


@pytest.mark.parametrize(
    ("name", "argument", "value", "since"),
    [(name, *row[1:]) for row in DEFAULTS for name in row[0]],
)
def test_defaults_that_were_others(name: str, argument: str, value: Any, since: tuple[int, ...]) -> None:
    """Where a file of an older version leaves it out; one that says it, or a newer one, is taken at its word."""
    config = REQUIRED.get(dialects.class_name(name), {})
    cls = survey.find_class(name)
    if argument in dialects.accepted(cls):
        assert translated(name, config, KERAS_1)[argument] == value
        assert translated(name, {**config, argument: "said"}, KERAS_1)[argument] == "said"
        if since < NOW:
            assert argument not in translated(name, config, NOW)


@pytest.mark.parametrize("key", LEFT_OUT)
def test_arguments_without_a_meaning(key: str) -> None:
    """Left out where the class does not take them; a value that would change something is an error."""
    harmless = LEFT_OUT[key]
    name = next(one for one in ("Flatten", "Dense", "Add") if key not in dialects.accepted(survey.find_class(one)))
    config = REQUIRED.get(name, {})
    values = harmless if isinstance(harmless, tuple) else (harmless,)
    for value in ("anything",) if harmless is dialects.ANY else values:
        assert key not in translated(name, {**config, key: value}, NOW)
    if harmless is not dialects.ANY:
        with pytest.raises(ValueError, match=f"{name} with {key}='another' has no counterpart here"):
            translated(name, {**config, "name": "l", key: "another"}, NOW)


def test_unknown_arguments_stay_for_the_class_to_refuse() -> None:
    text = json.dumps({"class_name": "Dense", "config": {"units": 2, "depth": 3}})
    with pytest.raises(TypeError, match="unknown argument 'depth'"):
        model_from_json(text)


@pytest.mark.parametrize("mode", MERGE_MODES)
def test_merge_of_keras_1(mode: str) -> None:
    """A Sequential that begins with Merge of two branches, as Keras 1 wrote it."""

    def branch(name: str) -> dict[str, Any]:
        dense = {"name": name, "output_dim": 3, "batch_input_shape": [None, 4], "input_dim": 4, "init": "uniform"}
        return {"class_name": "Sequential", "config": [{"class_name": "Dense", "config": dense}]}

    merge = {"name": "merge_1", "mode": mode, "concat_axis": -1, "dot_axes": -1, "layers": [branch("a"), branch("b")]}
    last = {"class_name": "Dense", "config": {"name": "c", "output_dim": 2, "input_dim": 3}}
    config = {"class_name": "Sequential", "config": [{"class_name": "Merge", "config": merge}, last]}
    model = model_from_json(json.dumps(config))
    assert type(model.get_layer("merge_1")).__name__ == MERGE_MODES[mode][0]
    assert [tuple(tensor.shape) for tensor in model.inputs] == [(None, 4), (None, 4)]
    assert model.output_shape == (None, 2)
    width = {"concat": 6, "dot": 1, "cos": 1}.get(mode, 3)
    assert model.get_layer("c").get_weights()[0].shape == (width, 2)


def test_merge_with_a_function_has_no_counterpart() -> None:
    config = {"class_name": "Merge", "config": {"name": "m", "mode": "lambda"}}
    with pytest.raises(ValueError, match='layer "m".: Merge with mode .lambda. has no counterpart'):
        model_from_json(json.dumps(config))


@pytest.mark.parametrize(
    ("text", "version"),
    [("1.2.2", (1, 2, 2)), ("2.2.4-tf", (2, 2, 4)), (None, (1,)), ("3.9.2", (3, 9, 2)), ("nonsense", (1,))],
)
def test_versions(text: Any, version: tuple[int, ...]) -> None:
    assert dialects.version_of(text) == version


FUNCTIONAL_FORMS: dict[str, dict[str, Any]] = {
    "Keras 2": {
        "class_name": "Model",
        "calls": [[["i", 0, 0, {}]]],
        "nested": [[["inner", 1, 0, {}], ["inner", 2, 0, {}]]],
        "inputs": [["i", 0, 0]],
        "outputs": [["sum", 0, 0]],
    },
    "first tf.keras": {
        "class_name": "Model",
        "calls": [[["i", 0, 0]]],
        "nested": [[["inner", 0, 0], ["inner", 1, 0]]],
        "inputs": [["i", 0, 0]],
        "outputs": [["sum", 0, 0]],
    },
    "tf.keras 2.15": {
        "class_name": "Functional",
        "calls": [["i", 0, 0, {}]],
        "nested": [[["inner", 1, 0, {}], ["inner", 2, 0, {}]]],
        "inputs": ["i", 0, 0],
        "outputs": ["sum", 0, 0],
    },
    "Keras 3": {
        "class_name": "Functional",
        "calls": [
            {"args": [{"class_name": "__keras_tensor__", "config": {"keras_history": ["i", 0, 0]}}], "kwargs": {}},
        ],
        "nested": [
            {
                "args": [
                    [
                        {"class_name": "__keras_tensor__", "config": {"keras_history": ["inner", 0, 0]}},
                        {"class_name": "__keras_tensor__", "config": {"keras_history": ["inner", 1, 0]}},
                    ]
                ],
                "kwargs": {"mask": None},
            }
        ],
        "inputs": [["i", 0, 0]],
        "outputs": [["sum", 0, 0]],
    },
}  # fmt: skip


@pytest.mark.parametrize("form", FUNCTIONAL_FORMS.values(), ids=FUNCTIONAL_FORMS)
def test_calls_of_layers_in_every_form(form: dict[str, Any]) -> None:
    """A model inside that is called twice: versions number its calls from 0 or from 1."""
    inner = {"name": "inner", "layers": [{"class_name": "Dense", "config": {"name": "d", "units": 2}}]}
    config = {
        "name": "m",
        "layers": [
            {"class_name": "InputLayer", "config": {"batch_shape": [None, 2], "name": "i"}, "name": "i"},
            {"class_name": "Sequential", "config": inner, "name": "inner", "inbound_nodes": form["calls"] * 2},
            {"class_name": "Add", "config": {"name": "sum"}, "name": "sum", "inbound_nodes": form["nested"]},
        ],
        "input_layers": form["inputs"],
        "output_layers": form["outputs"],
    }  # fmt: skip
    model = model_from_json(json.dumps({"class_name": form["class_name"], "config": config}))
    assert [layer.name for layer in model.layers] == ["i", "inner", "sum"]
    assert len(model.weights) == 2 and model.output_shape == (None, 2)
    again = model_from_json(model.to_json())
    assert again.get_config()["layers"][2]["inbound_nodes"] == model.get_config()["layers"][2]["inbound_nodes"]


def test_types_and_names_of_newer_versions() -> None:
    """Policies in the place of types, shapes as dicts, a package before a class's name."""
    policy = {"module": "keras", "class_name": "DTypePolicy", "config": {"name": "float32"}, "registered_name": None}
    shape = {"class_name": "__tuple__", "items": [None, 3]}
    dense = {"name": "d", "units": 2, "dtype": policy, "batch_input_shape": shape, "quantization_config": None}
    entry = {"module": "keras.layers", "class_name": "Custom>Dense", "config": dense, "registered_name": None}
    layer = model_from_json(json.dumps(entry))
    assert type(layer) is layers.Dense and layer.dtype == "float32"
    assert layer.get_config()["batch_input_shape"] == (None, 3)


def test_all_that_is_missing_is_told_at_once() -> None:
    dense = {"units": 2, "activation": "my_activation", "kernel_initializer": {"class_name": "Mine", "config": {}}}
    config = {
        "class_name": "Sequential",
        "config": [
            {"class_name": "Dense", "config": dense},
            {"class_name": "Foo", "config": {"layer": {"class_name": "Bar", "config": {}}}},
            {"class_name": "Lambda", "config": {"name": "twice", "function": ["code", None, None]}},
        ],
    }
    with pytest.raises(ValueError) as caught:
        model_from_json(json.dumps(config))
    assert str(caught.value) == (
        "config: unknown classes Bar, Foo; unknown functions or objects Mine, my_activation; no functions for "
        "the Lambda layers twice (code in files is never run). Pass them: custom_objects={'Bar': Bar, 'Foo': Foo, "
        "'Mine': ..., 'my_activation': ..., 'twice': lambda x: ...}"
    )


def test_lambda_with_the_function_of_the_caller() -> None:
    entry = {"class_name": "Lambda", "config": {"name": "twice", "function": ["code", None, None], "output_shape": [3]}}
    layer = model_from_json(json.dumps(entry), custom_objects={"twice": lambda x: x * 2.0})
    assert float(layer([[3.0]])[0, 0]) == 6.0
    for name, value in (("tanh", 0.0), ("square", 0.0), ("l2_normalize", 0.0)):
        entry["config"] = {"name": "known", "function": name, "function_type": "function"}
        assert float(model_from_json(json.dumps(entry))([[0.0]])[0, 0]) == value


def test_yaml_with_the_tags_of_keras_2() -> None:
    text = """
class_name: Sequential
config:
- class_name: Dense
  config:
    activation: !!python/unicode 'linear'
    batch_input_shape: !!python/tuple [null, 4]
    name: !!python/unicode 'd'
    output_dim: 3
    W_regularizer: {l1: 0.0, l2: 0.01, name: WeightRegularizer}
"""
    model = model_from_yaml(text)
    assert model.layers[0].name == "d" and model.layers[0].units == 3
    assert model.layers[0].kernel_regularizer.get_config()["l2"] == pytest.approx(0.01)


@pytest.mark.parametrize("dialect", ["keras2.3", "keras3"])
def test_removed_settings(dialect: str) -> None:
    """Every row: left out under a harmless value, an error that names the layer under another."""
    for classes, setting, harmless in dialect_writers.REMOVED[dialect]:
        name = classes[0] if classes else "Dense"
        if harmless is None:
            assert (
                setting not in dialect_writers._entry({"class_name": name, "config": {setting: 1}}, dialect)["config"]
            )
            continue
        for value in harmless:
            entry = {"class_name": name, "config": {"name": "l", setting: value}}
            assert setting not in dialect_writers._entry(entry, dialect)["config"]
        with pytest.raises(ValueError, match=f'layer "l".: {name} of {dialect} has no {setting}=7'):
            dialect_writers._entry({"class_name": name, "config": {"name": "l", setting: 7}}, dialect)


def test_settings_that_tf_keras_does_not_miss() -> None:
    """They stay where they say something."""
    for classes, setting, harmless in dialect_writers.REMOVED["tf_keras"]:
        for value in (*(harmless or ()), 7):
            entry = {"class_name": classes[0], "config": {"name": "l", setting: value}}
            assert (setting in dialect_writers._entry(entry, "tf_keras")["config"]) is (value not in (harmless or ()))


def test_time_first_is_saved(tmp_path: Path) -> None:
    model = Sequential([layers.LSTM(2, time_major=True, return_sequences=True, batch_input_shape=(3, 2, 4))])
    model.save(tmp_path / "m.h5")
    x = np.random.default_rng(0).normal(size=(3, 2, 4)).astype(np.float32)
    again = load_model(tmp_path / "m.h5", compile=False)
    assert again.layers[-1].get_config()["time_major"]
    np.testing.assert_array_equal(again.predict_on_batch(x), model.predict_on_batch(x))


def test_several_axes_for_keras_3(tmp_path: Path) -> None:
    """Which forgets them when it reads a .h5, its own ones too: another function, without a word."""
    inner = Sequential([layers.Softmax(axis=[1, 2], name="both", input_shape=(2, 3))])
    model = Sequential([inner])
    with pytest.raises(ValueError, match=r'layer "both".: Keras 3 does not read axis=\[1, 2\] from a .h5'):
        model.save(tmp_path / "m.h5", dialect="keras3")
    model.save(tmp_path / "m.keras", dialect="keras3")
    assert os.listdir(tmp_path) == ["m.keras"]


def test_settings_that_keras_3_adds_are_left_out_where_they_are_off() -> None:
    config = {"units": 2, "name": "d", "of_tomorrow": None, "also": False}
    assert translated("Dense", config, (3, 20)) == {"units": 2, "name": "d"}
    assert "of_tomorrow" in translated("Dense", config, NOW)
    assert translated("Dense", {**config, "also": True}, (3, 20))["also"] is True


def test_a_config_for_keras_2_3(tmp_path: Path) -> None:
    """What the real Keras 2.3 writes for such a model: no InputLayer, one axis, initializers by what they compute."""
    model = Sequential(
        [layers.Dense(2, input_shape=(3,), name="d", kernel_regularizer="l2"), layers.BatchNormalization()]
    )
    model.compile("adam", "mse")
    model.fit(np.ones((4, 3)), np.ones((4, 2)), verbose=0)
    model.save(tmp_path / "m.h5", dialect="keras2.3")
    with h5py.File(tmp_path / "m.h5") as file:
        assert file.attrs["keras_version"] == "2.3.1"
        config = json.loads(file.attrs["model_config"])
        training = json.loads(file.attrs["training_config"])
        shapes = [file["optimizer_weights"][name].shape for name in file["optimizer_weights"].attrs["weight_names"]]
    dense, norm = config["config"]["layers"]
    assert dense["class_name"] == "Dense" and dense["config"]["batch_input_shape"] == [None, 3]
    scaled = {"scale": 1.0, "mode": "fan_avg", "distribution": "uniform", "seed": None}
    assert dense["config"]["kernel_initializer"] == {"class_name": "VarianceScaling", "config": scaled}
    assert dense["config"]["kernel_regularizer"]["class_name"] == "L1L2"
    assert norm["config"]["axis"] == 1
    assert training["optimizer_config"]["class_name"] == "Adam"
    assert set(training["optimizer_config"]["config"]) == {"learning_rate", "beta_1", "beta_2", "epsilon", "amsgrad"}
    slots = [(3, 2), (2,), (2,), (2,)]
    assert shapes == [(), *slots, *slots, (1,), (1,), (1,), (1,)]  # iterations, m, v and the empty maxima
    again = load_model(tmp_path / "m.h5")
    np.testing.assert_array_equal(again.predict(np.ones((2, 3))), model.predict(np.ones((2, 3))))
    for mine, theirs in zip(again.optimizer.get_weights()[1:3], model.optimizer.get_weights()[1::2], strict=False):
        np.testing.assert_array_equal(mine, theirs)


def test_names_of_classes_in_zip_files() -> None:
    """As tf_keras and as Keras 3 count them."""
    from nnstack.saving.keras_zip import _counted

    listed = [layers.ConvLSTM2D(1, 1), layers.Conv1DTranspose(1, 1), layers.ConvLSTM2D(1, 1), layers.LSTM(1)]
    names = [names for _, names in _counted(listed, set(), counts_repeats=True)]
    assert [one["keras3"] for one in names] == ["conv_lstm2d", "conv1d_transpose", "conv_lstm2d_1", "lstm"]
    assert [one["tf_keras"] for one in names] == ["conv_lst_m2d", "conv1d_transpose", "conv_lst_m2d_1", "lstm"]


@pytest.mark.parametrize("cls", [layers.LSTM, layers.GRU, layers.SimpleRNN, layers.ConvLSTM1D])
def test_layers_of_keras_3_that_give_zeros_under_a_mask(cls: Any) -> None:
    """Keras 3 writes so for the layers inside of Bidirectional."""
    sizes = {"filters": 2, "kernel_size": 2} if cls is layers.ConvLSTM1D else {"units": 2}
    config = translated(cls.__name__, {**sizes, "zero_output_for_mask": True}, NOW)
    assert cls.from_config(config).zero_output_for_mask


def test_bidirectional_of_keras_3() -> None:
    gru = {"units": 2, "return_sequences": True, "zero_output_for_mask": True}
    inner = {"module": "keras.layers", "class_name": "GRU", "config": gru, "registered_name": None}
    config = {"name": "b", "layer": inner, "merge_mode": "concat", "batch_input_shape": [None, 4, 3]}
    layer = model_from_json(json.dumps({"class_name": "Bidirectional", "config": config}))
    assert layer.forward_layer.zero_output_for_mask and layer.backward_layer.zero_output_for_mask
