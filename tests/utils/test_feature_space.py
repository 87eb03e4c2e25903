"""FeatureSpace: columns of numbers and texts, encoded together."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from nnstack import layers
from nnstack.models import Model, load_model
from nnstack.utils import FeatureSpace, nest

DATA = {
    "amount": np.array([0.0, 1.0, 2.0, 3.0], "float32"),
    "town": np.array(["ulm", "bonn", "ulm", "kiel"]),
    "code": np.array([7, 7, 9, 4]),
}


def test_side_by_side_in_sorted_order() -> None:
    space = FeatureSpace(
        {"town": "string_categorical", "amount": "float_normalized", "code": "integer_categorical"},
        crosses=[("town", "code")],
        crossing_dim=5,
    )
    with pytest.raises(ValueError, match="call adapt.data. first; town, amount, code need to see data"):
        space(DATA)
    space.adapt(DATA)
    found = space(DATA).numpy()
    assert found.shape == (4, 1 + 4 + 4 + 5) and found.dtype == np.float32
    np.testing.assert_allclose(found[:, 0], (DATA["amount"] - 1.5) / DATA["amount"].std(), rtol=1e-5)
    words = space.preprocessors["town"].get_vocabulary()
    assert words[:2] == ["[UNK]", "ulm"]
    np.testing.assert_array_equal(found[:, 5:9], np.eye(4)[[words.index(town) for town in DATA["town"]]])
    np.testing.assert_array_equal(found[:, 9:].sum(1), 1)
    crosser = space.crossers["town_X_code"]
    places = crosser(
        [space.preprocessors["town"](DATA["town"][:, None]), space.preprocessors["code"](DATA["code"][:, None])]
    )
    np.testing.assert_array_equal(found[:, 9:].argmax(1), places.numpy()[:, 0])
    one = space({"amount": 2.0, "town": "nowhere", "code": 9}).numpy()
    assert one.shape == (14,) and one[5] == 1.0
    np.testing.assert_allclose(one[0], found[2, 0], rtol=1e-6)


def test_as_a_dict() -> None:
    space = FeatureSpace(
        {
            "amount": FeatureSpace.float_discretized(4, bin_boundaries=[0.5, 1.5, 2.5], output_mode="int"),
            "town": FeatureSpace.string_hashed(6, output_mode="int"),
            "code": FeatureSpace.integer_hashed(3),
        },
        output_mode="dict",
        crosses=[FeatureSpace.cross(("town", "code"), 8, output_mode="int")],
    )
    found = space(DATA)
    assert list(found) == ["amount", "code", "town", "town_X_code"]
    np.testing.assert_array_equal(found["amount"].numpy(), [[0], [1], [2], [3]])
    np.testing.assert_array_equal(found["town"].numpy(), layers.Hashing(6)(DATA["town"][:, None]).numpy())
    assert found["code"].shape == (4, 3) and found["town_X_code"].shape == (4, 1)
    inputs = space.get_encoded_features()
    assert {name: (tuple(one.shape), one.dtype) for name, one in inputs.items()} == {
        "amount": ((None, 1), "int64"),
        "code": ((None, 3), "float32"),
        "town": ((None, 1), "int64"),
        "town_X_code": ((None, 1), "int64"),
    }


def test_a_model_learns_from_encoded_rows() -> None:
    space = FeatureSpace({"amount": "float_rescaled", "town": "string_categorical", "code": "float"})
    space.adapt(iter([{name: column[:3] for name, column in DATA.items()}, {name: DATA[name][3:] for name in DATA}]))
    encoded = space.get_encoded_features()
    assert space.get_encoded_features() is encoded
    model = Model(encoded, layers.Dense(1)(encoded))
    model.compile("adam", "mse")
    history = model.fit(space(DATA), np.ones(4), epochs=5, verbose=0).history["loss"]
    assert history[-1] < history[0]
    whole = Model(space.get_inputs(), model.outputs[0])
    np.testing.assert_allclose(whole.predict(DATA, verbose=0), model.predict(space(DATA), verbose=0), rtol=1e-6)


@pytest.mark.parametrize("output_mode", ["concat", "dict"])
def test_a_saved_space_gives_the_same(tmp_path: Path, output_mode: str) -> None:
    space = FeatureSpace(
        {"amount": "float_normalized", "town": "string_categorical", "code": FeatureSpace.float_discretized(3)},
        crosses=[("town", "code")],
        output_mode=output_mode,
    )
    with pytest.raises(ValueError, match="call adapt"):
        space.save(tmp_path / "space.keras")
    space.adapt(DATA)
    space.save(tmp_path / "space.keras")
    again = load_model(tmp_path / "space.keras")
    for one, other in zip(nest.flatten(again(DATA)), nest.flatten(space(DATA)), strict=True):
        np.testing.assert_array_equal(one.numpy(), other.numpy())
    assert isinstance(again, FeatureSpace) and again.output_mode == output_mode
    with pytest.raises(ValueError, match="ends in .keras"):
        space.save(tmp_path / "space")


def test_a_layer_of_ones_own_and_the_way_back() -> None:
    space = FeatureSpace(
        {"amount": FeatureSpace.feature("float32", layers.Rescaling(2.0, 1.0), "float"), "town": "string_categorical"},
        crosses=[("town", "town")],
    )
    space.adapt(DATA)
    again = FeatureSpace.from_config(space.get_config())
    np.testing.assert_array_equal(again(DATA).numpy(), space(DATA).numpy())
    np.testing.assert_array_equal(space(DATA).numpy()[:, 0], DATA["amount"] * 2 + 1)


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ({"features": {}}, "expected features, got none"),
        ({"features": {"a": "decimal"}}, "feature 'a': expected one of float, .*, got 'decimal'"),
        ({"features": {"a": "float"}, "output_mode": "list"}, "output_mode 'dict' or 'concat', got 'list'"),
        ({"features": {"a": "float"}, "crosses": [("a", "b")]}, r"columns \['b'\] that are not among"),
        ({"features": {"a": "float"}, "crosses": [("a", "a")], "crossing_dim": 0}, "need crossing_dim"),
    ],
)
def test_what_does_not_fit(arguments: dict[str, Any], says: str) -> None:
    with pytest.raises(ValueError, match=says):
        FeatureSpace(**arguments)


def test_data_that_do_not_fit() -> None:
    space = FeatureSpace({"town": FeatureSpace.string_hashed(3, output_mode="int"), "amount": "float"})
    with pytest.raises(ValueError, match="expected a dict of columns"):
        space([1, 2])
    with pytest.raises(ValueError, match="missing amount"):
        space({"town": ["ulm"]})
    with pytest.raises(ValueError, match="'town' has not been encoded"):
        space(DATA)
    with pytest.raises(ValueError, match="output_mode among int, one_hot, float, got 'hot'"):
        FeatureSpace.string_hashed(3, output_mode="hot")
    mixed = FeatureSpace({"amount": FeatureSpace.feature("float32", layers.Rescaling(1.0), "one_hot")})
    with pytest.raises(ValueError, match="one_hot needs whole numbers, got float32"):
        mixed(DATA)
