"""FeatureSpace: named columns of numbers and texts, encoded together."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

from nnstack import layers
from nnstack.engine import naming
from nnstack.engine.front import is_text
from nnstack.engine.inputs import Input

_ENCODINGS = ("int", "one_hot", "float")


class Feature:
    """How one column is encoded: its `dtype`, a preprocessing layer, and 'int', 'one_hot' or 'float' for its result."""

    def __init__(self, dtype: str, preprocessor: Any, output_mode: str) -> None:
        if output_mode not in _ENCODINGS:
            raise ValueError(f"Feature: expected output_mode among {', '.join(_ENCODINGS)}, got {output_mode!r}")
        self.dtype = dtype
        self.preprocessor = layers.deserialize(preprocessor) if isinstance(preprocessor, Mapping) else preprocessor
        self.output_mode = output_mode

    def get_config(self) -> dict[str, Any]:
        """Arguments as plain data."""
        return {
            "dtype": self.dtype,
            "preprocessor": layers.serialize(self.preprocessor),
            "output_mode": self.output_mode,
        }

    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> Feature:
        """The feature that `get_config` told of."""
        return cls(**config)


class Cross:
    """Columns hashed together into one of `crossing_dim` numbers."""

    def __init__(self, feature_names: Iterable[str], crossing_dim: int, output_mode: str = "one_hot") -> None:
        if output_mode not in ("int", "one_hot"):
            raise ValueError(f"Cross: expected output_mode 'int' or 'one_hot', got {output_mode!r}")
        self.feature_names = tuple(feature_names)
        self.crossing_dim = crossing_dim
        self.output_mode = output_mode

    @property
    def name(self) -> str:
        """The columns' names, joined by `_X_`."""
        return "_X_".join(self.feature_names)

    def get_config(self) -> dict[str, Any]:
        """Arguments as plain data."""
        return {
            "feature_names": list(self.feature_names),
            "crossing_dim": self.crossing_dim,
            "output_mode": self.output_mode,
        }

    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> Cross:
        """The cross that `get_config` told of."""
        return cls(**config)


def _name(name: str | None, kind: str) -> str:
    return f"{name or naming.unique_name(kind)}_preprocessor"


class FeatureSpace:
    """Encodes dicts of columns into one vector per row, or into a dict of encoded columns.

    `features`: column name -> kind of feature, made by the class methods `float`, `float_normalized`, `float_rescaled`,
    `float_discretized`, `integer_categorical`, `string_categorical`, `integer_hashed`, `string_hashed`, `feature`, or
    one of these names as text, which takes the defaults. `output_mode` 'concat' (default: features by sorted name, then
    crosses by sorted name, side by side, float32) or 'dict'. `crosses`: tuples of column names, or `cross(...)`.
    `crossing_dim`, `hashing_dim`, `num_discretization_bins`: defaults, 32. A space is applied to data, or stands at the
    head of a model. ValueError for unknown kinds and columns, and before `adapt` where a feature needs to have seen
    data.

    >>> space = FeatureSpace({"age": "integer_categorical", "town": "string_hashed"}, crosses=[("age", "town")])
    >>> space.adapt({"age": ages, "town": towns})
    >>> encoded = space.get_encoded_features()
    >>> model = Model(encoded, Dense(1)(encoded))
    >>> model.compile("adam", "mse")
    >>> model.fit(space({"age": ages, "town": towns}), targets)

    Source: https://keras.io/2.16/api/utils/feature_space/
    """

    @classmethod
    def cross(cls, feature_names: Iterable[str], crossing_dim: int, output_mode: str = "one_hot") -> Cross:
        """Columns hashed together."""
        return Cross(feature_names, crossing_dim, output_mode)

    @classmethod
    def feature(cls, dtype: str, preprocessor: Any, output_mode: str) -> Feature:
        """A column with a preprocessing layer of one's own."""
        return Feature(dtype, preprocessor, output_mode)

    @classmethod
    def float(cls, name: str | None = None) -> Feature:
        """Numbers as they are."""
        return Feature("float32", layers.Identity(name=_name(name, "float")), "float")

    @classmethod
    def float_rescaled(cls, scale: Any = 1.0, offset: Any = 0.0, name: str | None = None) -> Feature:
        """Numbers times `scale` plus `offset`."""
        return Feature("float32", layers.Rescaling(scale, offset, name=_name(name, "float_rescaled")), "float")

    @classmethod
    def float_normalized(cls, name: str | None = None) -> Feature:
        """Numbers minus their mean, over their standard deviation, both found by `adapt`."""
        return Feature("float32", layers.Normalization(axis=-1, name=_name(name, "float_normalized")), "float")

    @classmethod
    def float_discretized(
        cls, num_bins: int, bin_boundaries: Any = None, output_mode: str = "one_hot", name: str | None = None
    ) -> Feature:
        """Numbers as the bin they fall into; boundaries given, or quantiles found by `adapt`."""
        bins = layers.Discretization(
            bin_boundaries=bin_boundaries,
            num_bins=None if bin_boundaries is not None else num_bins,
            name=_name(name, "float_discretized"),
        )
        return Feature("float32", bins, output_mode)

    @classmethod
    def integer_categorical(
        cls,
        max_tokens: int | None = None,
        num_oov_indices: int = 1,
        output_mode: str = "one_hot",
        name: str | None = None,
    ) -> Feature:
        """Whole numbers as places in the vocabulary found by `adapt`; the first `num_oov_indices` are for others."""
        kind = _name(name, "integer_categorical")
        lookup = layers.IntegerLookup(max_tokens=max_tokens, num_oov_indices=num_oov_indices, name=kind)
        return Feature("int64", lookup, output_mode)

    @classmethod
    def string_categorical(
        cls,
        max_tokens: int | None = None,
        num_oov_indices: int = 1,
        output_mode: str = "one_hot",
        name: str | None = None,
    ) -> Feature:
        """Texts as places in the vocabulary found by `adapt`."""
        kind = _name(name, "string_categorical")
        lookup = layers.StringLookup(max_tokens=max_tokens, num_oov_indices=num_oov_indices, name=kind)
        return Feature("string", lookup, output_mode)

    @classmethod
    def string_hashed(cls, num_bins: int, output_mode: str = "one_hot", name: str | None = None) -> Feature:
        """Texts as one of `num_bins` numbers, by a hash."""
        return Feature("string", layers.Hashing(num_bins, name=_name(name, "string_hashed")), output_mode)

    @classmethod
    def integer_hashed(cls, num_bins: int, output_mode: str = "one_hot", name: str | None = None) -> Feature:
        """Whole numbers as one of `num_bins` numbers, by a hash."""
        return Feature("int64", layers.Hashing(num_bins, name=_name(name, "integer_hashed")), output_mode)

    def __init__(
        self,
        features: Mapping[str, Any],
        output_mode: str = "concat",
        crosses: Any = None,
        crossing_dim: int = 32,
        hashing_dim: int = 32,
        num_discretization_bins: int = 32,
    ) -> None:
        if not features:
            raise ValueError("FeatureSpace: expected features, got none")
        if output_mode not in ("dict", "concat"):
            raise ValueError(f"FeatureSpace: expected output_mode 'dict' or 'concat', got {output_mode!r}")
        self.crossing_dim, self.hashing_dim = crossing_dim, hashing_dim
        self.num_discretization_bins = num_discretization_bins
        self.output_mode = output_mode
        self.features = {name: self._standardized(name, kind) for name, kind in features.items()}
        self.crosses = [self._standardized_cross(cross) for cross in crosses or []]
        self.preprocessors = {name: feature.preprocessor for name, feature in self.features.items()}
        self.crossers = {
            cross.name: layers.HashedCrossing(cross.crossing_dim, name=cross.name) for cross in self.crosses
        }
        self._adapted = False
        self._encoded: Any = None
        self._inputs: dict[str, Any] = {}

    def _standardized(self, name: str, kind: Any) -> Feature:
        if isinstance(kind, Feature):
            return kind
        if isinstance(kind, Mapping):
            return Feature.from_config(kind.get("config", kind))
        makers = {
            "float": lambda: self.float(name=name),
            "float_normalized": lambda: self.float_normalized(name=name),
            "float_rescaled": lambda: self.float_rescaled(name=name),
            "float_discretized": lambda: self.float_discretized(self.num_discretization_bins, name=name),
            "integer_categorical": lambda: self.integer_categorical(name=name),
            "string_categorical": lambda: self.string_categorical(name=name),
            "integer_hashed": lambda: self.integer_hashed(self.hashing_dim, name=name),
            "string_hashed": lambda: self.string_hashed(self.hashing_dim, name=name),
        }
        if kind not in makers:
            raise ValueError(f"FeatureSpace: feature {name!r}: expected one of {', '.join(makers)}, got {kind!r}")
        return makers[kind]()

    def _standardized_cross(self, cross: Any) -> Cross:
        if isinstance(cross, Mapping):
            cross = Cross.from_config(cross.get("config", cross))
        if not isinstance(cross, Cross) and not self.crossing_dim:
            raise ValueError(f"FeatureSpace: crosses need crossing_dim, got {self.crossing_dim}")
        made = cross if isinstance(cross, Cross) else Cross(cross, self.crossing_dim)
        unknown = [name for name in made.feature_names if name not in self.features]
        if unknown:
            raise ValueError(f"FeatureSpace: crosses name columns {unknown} that are not among the features")
        return made

    # -- use ----------------------------------------------------------------------------------------------------------
    def _to_adapt(self) -> list[str]:
        return [
            name
            for name, layer in self.preprocessors.items()
            if hasattr(layer, "adapt")
            and not getattr(layer, "is_adapted", False)
            and getattr(layer, "input_mean", None) is None
            and not (isinstance(layer, layers.Discretization) and layer.bin_boundaries)
            and not isinstance(layer, layers.Hashing)
            and not layer.get_config().get("vocabulary")
        ]

    def adapt(self, dataset: Any) -> None:
        """Lets every feature that needs it see the data: a dict of columns, or an iterable of dicts (of batches of
        rows, or of single rows).
        """
        columns = dataset if isinstance(dataset, Mapping) else _joined(dataset)
        missing = [name for name in self.features if name not in columns]
        if missing:
            raise ValueError(f"adapt: expected the columns {', '.join(self.features)}; missing {', '.join(missing)}")
        for name, layer in self.preprocessors.items():
            if hasattr(layer, "adapt") and getattr(layer, "input_mean", None) is None:
                layer.adapt(_as_column(columns[name]))
        self._adapted = True
        self._encoded = None

    def _require_adapted(self) -> None:
        if not self._adapted and (waiting := self._to_adapt()):
            raise ValueError(f"FeatureSpace: call adapt(data) first; {', '.join(waiting)} need to see data")

    def __call__(self, data: Any) -> Any:
        """The rows of a dict of columns (arrays or lists of n values, or one value each for one row), encoded."""
        self._require_adapted()
        if not isinstance(data, Mapping):
            raise ValueError(f"FeatureSpace: expected a dict of columns, got {data!r} of type {type(data).__name__}")
        missing = [name for name in self.features if name not in data]
        if missing:
            raise ValueError(
                f"FeatureSpace: expected the columns {', '.join(self.features)}; missing {', '.join(missing)}"
            )
        single = any(np.ndim(data[name]) == 0 for name in self.features)
        columns = {name: self._column(name, data[name]) for name in self.features}
        found = self._together(columns)
        if not single:
            return found
        return {name: value[0] for name, value in found.items()} if isinstance(found, dict) else found[0]

    def _together(self, columns: Mapping[str, Any]) -> Any:
        """Columns (n, 1), data or Inputs, encoded."""
        found = {name: self.preprocessors[name](columns[name]) for name in self.features}
        for cross in self.crosses:
            found[cross.name] = self.crossers[cross.name]([found[name] for name in cross.feature_names])
        encoded = {name: self._encode(name, found[name]) for name in self._order()}
        if self.output_mode == "dict":
            return encoded
        for name, value in encoded.items():
            if isinstance(value, np.ndarray) or is_text(value) or not str(value.dtype).startswith("float"):
                raise ValueError(
                    f"FeatureSpace: feature {name!r} has not been encoded (its type is {value.dtype}), so it cannot "
                    "stand beside others. Use output_mode='dict'"
                )
        values = list(encoded.values())
        return values[0] if len(values) == 1 else layers.concatenate(values, axis=-1)

    def _column(self, name: str, values: Any) -> Any:
        """(n, 1) of the feature's type."""
        column, dtype = _as_column(values), self.features[name].dtype
        return column if dtype == "string" or column.dtype.kind not in "biuf" else column.astype(dtype)

    def _order(self) -> list[str]:
        return [*sorted(self.features), *sorted(self.crossers)]

    def _encode(self, name: str, value: Any) -> Any:
        spec: Any = self.features.get(name) or next(cross for cross in self.crosses if cross.name == name)
        if spec.output_mode != "one_hot":
            return value
        if isinstance(value, np.ndarray) or not value.dtype.startswith("int"):
            raise ValueError(f"FeatureSpace: feature {name!r}: one_hot needs whole numbers, got {value.dtype}")
        layer = self.preprocessors.get(name) or self.crossers[name]
        if isinstance(layer, layers.Discretization) and layer.num_bins is None:
            return layers.CategoryEncoding(num_tokens=len(layer.bin_boundaries) + 1, output_mode="multi_hot")(value)
        for attribute in ("vocabulary_size", "num_tokens", "num_bins"):
            size = getattr(layer, attribute, None)
            if size is not None:
                count = size() if callable(size) else size
                return layers.CategoryEncoding(num_tokens=int(count), output_mode="multi_hot")(value)
        raise ValueError(
            f"FeatureSpace: feature {name!r}: how many values its layer gives is not known. Use output_mode='int'"
        )

    def get_inputs(self) -> dict[str, Any]:
        """An Input (None, 1) for each column, with which a model that takes the columns themselves begins."""
        self.get_encoded_features()
        return dict(self._inputs)

    def get_encoded_features(self) -> Any:
        """Tensors of the shape that this space gives, computed from `get_inputs()`: what a model of encoded rows begins
        with. `Model(space.get_inputs(), ...)` of the same layers takes the columns themselves.
        """
        self._require_adapted()
        if self._encoded is None:
            self._inputs = {
                name: Input((1,), dtype=feature.dtype, name=name) for name, feature in self.features.items()
            }
            self._encoded = self._together(self._inputs)
        return self._encoded

    def save(self, filepath: Any) -> None:
        """Writes a `.keras` file from which `models.load_model` makes the space again, with what `adapt` found.

        ValueError for a path that does not end in .keras, and before `adapt` where a feature needs to have seen data.
        """
        from nnstack.saving import keras_zip

        self._require_adapted()
        config = self.get_config()
        for name, layer in self.preprocessors.items():
            if isinstance(layer, layers.Normalization) and layer.input_mean is None:
                found = {"mean": layer.mean.numpy().tolist(), "variance": layer.variance.numpy().tolist()}
                config["features"][name]["preprocessor"]["config"].update(found)
        keras_zip.save_config({"module": "keras.utils", "class_name": "FeatureSpace", "config": config}, filepath)

    def get_config(self) -> dict[str, Any]:
        """Arguments as plain data; with what `adapt` found where the layers' configs hold it (vocabularies, bins)."""
        return {
            "features": {name: feature.get_config() for name, feature in self.features.items()},
            "output_mode": self.output_mode,
            "crosses": [cross.get_config() for cross in self.crosses],
            "crossing_dim": self.crossing_dim,
            "hashing_dim": self.hashing_dim,
            "num_discretization_bins": self.num_discretization_bins,
        }

    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> FeatureSpace:
        """The space that `get_config` told of."""
        return cls(**config)


def _as_column(values: Any) -> Any:
    """(n, 1) from n values or one; (n, k) stays."""
    array = np.asarray(values)
    return array.reshape(1, 1) if array.ndim == 0 else array[:, None] if array.ndim == 1 else array


def _joined(dataset: Iterable[Any]) -> dict[str, np.ndarray]:
    parts: dict[str, list[np.ndarray]] = {}
    for batch in dataset:
        for name, values in batch.items():
            parts.setdefault(name, []).append(_as_column(values))
    if not parts:
        raise ValueError("adapt: expected data, got none")
    return {name: np.concatenate(columns) for name, columns in parts.items()}
