"""`tf.compat.v1`, and names of TensorFlow 1 that stand at the head of old Keras programs."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from nnstack import backend
from nnstack.backend.variable import eager_by_default
from nnstack.compat import tensors
from nnstack.utils import nest

ERROR, WARN, INFO, DEBUG, FATAL = 40, 30, 20, 10, 50


class ConfigProto:
    """Settings of a session: any attribute may be set, none has an effect (threads: nnstack.set_num_threads)."""

    def __init__(self, **settings: Any) -> None:
        self.__dict__.update(settings)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        self.__dict__[name] = value = ConfigProto()
        return value


GPUOptions = Graph = ConfigProto


class Session(backend.Session):
    """A session takes settings, and is a context."""

    def __init__(self, target: str = "", graph: Any = None, config: Any = None) -> None:
        self.graph = graph

    def run(self, fetches: Any, feed_dict: Mapping[Any, Any] | None = None) -> Any:
        """The numbers of tensors; None for what initialisers gave, which has been done."""
        return None if fetches is None else super().run(fetches, feed_dict)

    def __enter__(self) -> Session:
        return self

    def __exit__(self, *_: Any) -> None:
        pass

    def as_default(self) -> Session:
        """The session itself."""
        return self

    def close(self) -> None:
        """Nothing is held."""


InteractiveSession = Session


def get_default_session() -> Any:
    """The session in use."""
    return backend.get_session()


def disable_eager_execution() -> None:
    """Variables are symbols again where no function runs, as in Keras 2 and TensorFlow 1."""
    tensors.as_tensorflow_1()


def enable_eager_execution(*_: Any, **__: Any) -> None:
    """Variables read as numbers where no graph is recorded."""
    eager_by_default(True)


disable_v2_behavior, enable_v2_behavior = disable_eager_execution, enable_eager_execution


def global_variables_initializer() -> None:
    """Nothing: variables have their numbers as soon as they are made."""


local_variables_initializer = global_variables_initializer


class _DefaultGraph(ConfigProto):
    @contextlib.contextmanager
    def as_default(self) -> Iterator[_DefaultGraph]:
        """Nothing changes inside."""
        yield self

    def get_operations(self) -> list[Any]:
        """No list is kept."""
        return []

    def finalize(self) -> None:
        """Nothing."""


def get_default_graph() -> Any:
    """A stand-in: tensors belong to no common graph."""
    return _DefaultGraph()


def reset_default_graph() -> None:
    """Same as keras.backend.clear_session."""
    backend.clear_session()


def set_random_seed(seed: int) -> None:
    """Same as tf.random.set_seed."""
    backend.seed_stream(int(seed))


def placeholder(dtype: Any, shape: Any = None, name: str | None = None) -> Any:
    """A symbolic input, for keras.backend.function or Session.run."""
    return backend.placeholder(() if shape is None else tuple(shape), dtype=str(dtype), name=name)


def to_float(x: Any, name: Any = None) -> Any:
    """Cast to float32."""
    return backend.cast(x, "float32")


def to_int32(x: Any, name: Any = None) -> Any:
    """Cast to int32."""
    return backend.cast(x, "int32")


def set_verbosity(level: Any = 0) -> None:
    """Nothing: there are no logs."""


def gradients(ys: Any, xs: Any, grad_ys: Any = None, name: Any = None, **_: Any) -> list[Any]:
    """d(sum of ys) / d(xs) for each of `xs`; `grad_ys` are factors of the elements of each of `ys`."""
    targets, factors = nest.as_list(ys), nest.as_list(grad_ys)
    if factors:
        targets = [y if g is None else y * g for y, g in zip(targets, factors, strict=True)]
    return backend.gradients(targets, nest.as_list(xs))


def Print(input_: Any, data: Any, message: str = "", first_n: Any = None, summarize: int = 3, name: Any = None) -> Any:
    """`input_`; prints `data` each time it is computed."""
    printed = backend.convert(input_)
    for number, one in enumerate(nest.as_list(data)):
        shown = backend.print_tensor(one, message if number == 0 else "", summarize)
        printed = printed + backend.cast(backend.sum(shown) * 0, printed.dtype)
    return printed


def assign(ref: Any, value: Any, validate_shape: Any = None, use_locking: Any = None, name: Any = None) -> Any:
    """`ref` <- `value`, when a session or function runs it, or in the step that is being recorded."""
    return _assigned(ref, value)


def assign_add(ref: Any, value: Any, use_locking: Any = None, name: Any = None) -> Any:
    """`ref` <- `ref` + `value`; see `assign`."""
    return _assigned(ref, ref + value)


def assign_sub(ref: Any, value: Any, use_locking: Any = None, name: Any = None) -> Any:
    """`ref` <- `ref` - `value`; see `assign`."""
    return _assigned(ref, ref - value)


def _assigned(ref: Any, value: Any) -> Any:
    new = backend.convert_like(value, ref)
    return ref.assign(new) if backend.current_scope() is not None else backend.Update(ref, new)


AUTO_REUSE = "auto_reuse"


@contextlib.contextmanager
def variable_scope(name_or_scope: Any = None, *_: Any, **__: Any) -> Iterator[Any]:
    """A name for what is made inside; `reuse` changes nothing, for no variable is found by its name."""
    with backend.name_scope(str(name_or_scope or "scope")):
        yield name_or_scope


def get_variable(
    name: str, shape: Any = None, dtype: Any = "float32", initializer: Any = None, regularizer: Any = None,
    trainable: bool = True, constraint: Any = None, **_: Any,
) -> Any:  # fmt: skip
    """A new variable of `shape`; `initializer`: a function of a shape, an array, default Glorot's."""
    from nnstack import initializers

    if initializer is not None and not callable(initializer):
        value = initializer
    else:
        value = (initializer or initializers.GlorotUniform())(tuple(shape))
    return backend.Variable(
        value, str(dtype), name, trainable=trainable, constraint=constraint, regularizer=regularizer
    )


def variables_initializer(var_list: Any = None, name: Any = None) -> None:
    """Nothing: variables have their numbers as soon as they are made."""


def global_variables(scope: Any = None) -> list[Any]:
    """None: no list is kept; ask the model for its weights."""
    return []


trainable_variables = global_variables


def py_func(func: Any, inp: Any, Tout: Any, stateful: bool = True, name: Any = None) -> Any:
    """`func` called on numpy arrays: at once, or each time a function or session runs. No gradient flows through it.

    A layer or step that is being recorded runs on numbers instead.
    """
    from nnstack.compat.functions.arrays import by_numbers

    kinds = nest.as_list(Tout)

    def compute(*arrays: np.ndarray) -> list[np.ndarray]:
        found = func(*arrays)
        results = list(found) if isinstance(Tout, list | tuple) else [found]
        return [np.asarray(one, dtype=str(kind)) for one, kind in zip(results, kinds, strict=True)]

    sample = compute(*[np.ones([2 if n is None else n for n in backend.convert(one).shape], backend.dtype(one))
                       for one in inp]) if any(not backend.convert(one).concrete for one in inp) else []  # fmt: skip
    shapes = [((None,) * one.ndim, str(kind)) for one, kind in zip(sample, kinds, strict=False)]
    results = by_numbers("tf.py_func", compute, inp, shapes)
    return results if isinstance(Tout, list | tuple) else results[0]


def to_int64(x: Any, name: Any = None) -> Any:
    """Cast to int64."""
    return backend.cast(x, "int64")


def to_double(x: Any, name: Any = None) -> Any:
    """Cast to float64."""
    return backend.cast(x, "float64")


def xw_plus_b(x: Any, weights: Any, biases: Any, name: Any = None) -> Any:
    """x weights + biases."""
    return backend.dot(x, weights) + biases


def _resizing(method: str) -> Any:
    def resize(images: Any, size: Any, align_corners: bool = False, name: Any = None, **_: Any) -> Any:
        """Images to (rows, cols), sampled where TensorFlow 1 did it; see `resize_images`."""
        return resize_images(images, size, method, align_corners)

    return resize


resize_bilinear, resize_bicubic, resize_area = _resizing("bilinear"), _resizing("bicubic"), _resizing("area")
resize_nearest_neighbor = _resizing("nearest")


def resize_images(
    images: Any, size: Any, method: Any = 0, align_corners: bool = False, preserve_aspect_ratio: bool = False
) -> Any:
    """Images to (rows, cols); `method` 0 to 3 or a name: bilinear, nearest, bicubic, area.

    Bilinear and nearest samples of images of known size lie where TensorFlow 1 had them: place i of n at i * size / n,
    with `align_corners` at i * (size - 1) / (n - 1). Others lie where they do today, half a place further.
    """
    names = ("bilinear", "nearest", "bicubic", "area")
    chosen = names[method] if isinstance(method, int) else str(method).lower()
    x = backend.convert(images)
    sizes = list(x.shape[-3:-1])
    known = all(isinstance(one, int) for one in [*sizes, *size]) and chosen in names[:2] and not preserve_aspect_ratio
    if not known:
        from nnstack.compat.functions import image

        return image.resize(images, size, chosen, preserve_aspect_ratio)
    x = x if chosen == "nearest" else backend.cast(x, "float32")
    for axis, (have, wanted) in enumerate(zip(sizes, size, strict=True), start=len(x.shape) - 3):
        x = _sampled(x, axis, int(have or 0), int(wanted), chosen, align_corners)
    return x


def _sampled(x: Any, axis: int, have: int, wanted: int, method: str, align_corners: bool) -> Any:
    """One axis made `wanted` long."""
    aligned = align_corners and wanted > 1
    places = np.arange(wanted) * ((have - 1) / (wanted - 1) if aligned else have / wanted)
    if method == "nearest":
        chosen = np.floor(places + 0.5) if aligned else np.floor(places + 1e-6)
        return _rows(x, axis, np.minimum(chosen, have - 1))
    before = np.minimum(np.floor(places + 1e-6), have - 1)
    share = np.maximum(places - before, 0.0).reshape([-1 if one == axis else 1 for one in range(len(x.shape))])
    low, high = _rows(x, axis, before), _rows(x, axis, np.minimum(before + 1, have - 1))
    return low + (high - low) * backend.constant(share, dtype="float32")


def _rows(x: Any, axis: int, places: np.ndarray) -> Any:
    return backend.emit("gather", x, backend.convert(places.astype(np.int64)), axis=axis)


def extract_image_patches(
    images: Any, ksizes: Any = None, strides: Any = None, rates: Any = None, padding: str = "VALID", name: Any = None,
    sizes: Any = None,
) -> Any:  # fmt: skip
    """Same as tf.image.extract_patches."""
    from nnstack.compat.functions import image

    return image.extract_patches(images, ksizes if sizes is None else sizes, strides, rates, padding)


def random_crop(value: Any, size: Any, seed: int | None = None, name: Any = None) -> Any:
    """Same as tf.image.random_crop."""
    from nnstack.compat.functions import image

    return image.random_crop(value, size, seed)


# ---- tf.train: optimizers under TensorFlow 1's names; `minimize` gives updates for a session


def _optimizer(name: str, **arguments: Any) -> Any:
    from nnstack.optimizers import legacy

    return getattr(legacy, name)(**arguments)


def AdamOptimizer(
    learning_rate: Any = 0.001, beta1: float = 0.9, beta2: float = 0.999, epsilon: float = 1e-8, *_: Any, **__: Any
) -> Any:
    """keras.optimizers.Adam."""
    return _optimizer("Adam", learning_rate=learning_rate, beta_1=beta1, beta_2=beta2, epsilon=epsilon)


def GradientDescentOptimizer(learning_rate: Any, *_: Any, **__: Any) -> Any:
    """keras.optimizers.SGD."""
    return _optimizer("SGD", learning_rate=learning_rate)


def MomentumOptimizer(
    learning_rate: Any, momentum: float, use_locking: bool = False, name: Any = None, use_nesterov: bool = False
) -> Any:
    """keras.optimizers.SGD with momentum."""
    return _optimizer("SGD", learning_rate=learning_rate, momentum=momentum, nesterov=use_nesterov)


def RMSPropOptimizer(
    learning_rate: Any, decay: float = 0.9, momentum: float = 0.0, epsilon: float = 1e-10, use_locking: bool = False,
    centered: bool = False, name: Any = None,
) -> Any:  # fmt: skip
    """keras.optimizers.RMSprop."""
    return _optimizer(
        "RMSprop", learning_rate=learning_rate, rho=decay, momentum=momentum, epsilon=epsilon, centered=centered
    )


def AdagradOptimizer(learning_rate: Any, initial_accumulator_value: float = 0.1, *_: Any, **__: Any) -> Any:
    """keras.optimizers.Adagrad."""
    return _optimizer("Adagrad", learning_rate=learning_rate, initial_accumulator_value=initial_accumulator_value)


def AdadeltaOptimizer(learning_rate: Any = 0.001, rho: float = 0.95, epsilon: float = 1e-8, *_: Any, **__: Any) -> Any:
    """keras.optimizers.Adadelta."""
    return _optimizer("Adadelta", learning_rate=learning_rate, rho=rho, epsilon=epsilon)
