"""`fit` as the reference pages say: every kind of data, every argument, what comes back and what is refused."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from nnstack import Input, Model, Sequential, callbacks, utils
from nnstack import backend as K
from nnstack.layers import Dense

X = np.linspace(-1, 1, 40, dtype="float32").reshape(10, 4)
Y = X.sum(axis=1, keepdims=True) * 0.5 + 0.1


def model_of(rate: float = 0.05, **arguments: Any) -> Sequential:
    model = Sequential([Dense(1, input_shape=(4,), kernel_initializer="ones", name="d")])
    from nnstack.optimizers import SGD

    model.compile(SGD(rate), "mse", **arguments)
    return model


def by_hand(batches: list[Any], rate: float = 0.05) -> tuple[np.ndarray, np.ndarray, float]:
    """(kernel, bias, mean loss) after these (x, y, weights) by gradient descent from ones."""
    kernel, bias, total, rows = np.ones((4, 1)), np.zeros(1), 0.0, 0
    for x, y, weight in batches:
        error = x @ kernel + bias - y
        factor = (np.ones(len(x)) if weight is None else np.asarray(weight))[:, None]
        total += float((factor * error**2).sum())
        rows += len(x)
        kernel = kernel - rate * 2 / len(x) * x.T @ (factor * error)
        bias = bias - rate * 2 / len(x) * (factor * error).sum(axis=0)
    return kernel, bias, total / rows


IN_TURN = by_hand([(X[:4], Y[:4], None), (X[4:8], Y[4:8], None), (X[8:], Y[8:], None)])


class Batches(utils.Sequence):
    def __init__(self, weights: bool = False) -> None:
        self.weights = weights
        self.ends = 0

    def __len__(self) -> int:
        return 3

    def __getitem__(self, index: int) -> Any:
        part = slice(4 * index, 4 * index + 4)
        return (X[part], Y[part], np.ones(len(X[part]))) if self.weights else (X[part], Y[part])

    def on_epoch_end(self) -> None:
        self.ends += 1


def generated(weights: bool = False) -> Any:
    batches = Batches(weights)
    return (batches[index] for index in range(3))


class Capsule:
    """Shows an array through `__dlpack__` alone."""

    def __init__(self, array: np.ndarray) -> None:
        self._array = array

    def __dlpack__(self, **kwargs: Any) -> Any:
        return self._array.__dlpack__()

    def __dlpack_device__(self) -> Any:
        return self._array.__dlpack_device__()


def frame() -> Any:
    pandas = pytest.importorskip("pandas")
    return pandas.DataFrame(X, columns=list("abcd"))


def stored(tmp_path: Path) -> Any:
    import h5py

    file = h5py.File(tmp_path / "data.h5", "w")
    file["x"], file["y"] = X, Y
    return file


ARRAYS: dict[str, Any] = {
    "array": lambda folder: (X, Y),
    "list": lambda folder: ([X], [Y]),
    "dict": lambda folder: ({"d_input": X}, {"d": Y}),
    "nested lists": lambda folder: (X.tolist(), Y.tolist()),
    "float64, Fortran order": lambda folder: (np.asfortranarray(X.astype("float64")), Y.astype("float64")),
    "frame": lambda folder: (frame(), Y),
    "dlpack": lambda folder: (Capsule(X), Capsule(Y)),
    "h5py": lambda folder: _from_file(folder),
    "HDF5Matrix": lambda folder: _matrices(folder),
    "targets without an axis": lambda folder: (X, Y[:, 0]),
}


def _from_file(folder: Path) -> Any:
    file = stored(folder)
    return file["x"], file["y"]


def _matrices(folder: Path) -> Any:
    stored(folder).close()
    return utils.HDF5Matrix(folder / "data.h5", "x"), utils.HDF5Matrix(folder / "data.h5", "y")


@pytest.mark.parametrize("kind", ARRAYS)
def test_arrays_of_every_kind_train_alike(kind: str, tmp_path: Path) -> None:
    x, y = ARRAYS[kind](tmp_path)
    model = model_of()
    history = model.fit(x, y, batch_size=4, shuffle=False, verbose=0)
    np.testing.assert_allclose(model.get_weights()[0], IN_TURN[0], rtol=1e-5)
    np.testing.assert_allclose(model.get_weights()[1], IN_TURN[1], rtol=1e-4, atol=1e-6)
    assert history.history["loss"][0] == pytest.approx(IN_TURN[2], rel=1e-5)  # the short batch weighs less


STREAMS: dict[str, Any] = {
    "generator": generated,
    "generator with weights": lambda: generated(True),
    "Sequence": Batches,
    "Sequence with weights": lambda: Batches(True),
    "iterator": lambda: iter([Batches()[index] for index in range(3)]),
    "iterable": lambda: _Iterable(),
    "tf.data": lambda: _tf_data(),
}


class _Iterable:
    def __iter__(self) -> Any:
        return generated()


def _tf_data() -> Any:
    from nnstack.compat.dataset import Dataset

    return Dataset.from_tensor_slices((X, Y)).batch(4)


@pytest.mark.parametrize("workers", [0, 1, 3])
@pytest.mark.parametrize("kind", STREAMS)
def test_streams_of_every_kind_train_alike(kind: str, workers: int) -> None:
    model = model_of()
    history = model.fit(STREAMS[kind](), shuffle=False, verbose=0, workers=workers, max_queue_size=2)
    np.testing.assert_allclose(model.get_weights()[0], IN_TURN[0], rtol=1e-5)
    assert history.history["loss"][0] == pytest.approx(IN_TURN[2], rel=1e-5)


class Foreign(Capsule):
    """A tensor of another framework as PyTorch makes them: a dtype that numpy does not know, `__array__` and DLPack."""

    dtype = "torch.float32"

    def __init__(self, array: np.ndarray) -> None:
        super().__init__(array)
        self.shape, self.ndim = array.shape, array.ndim

    def __len__(self) -> int:
        return len(self._array)

    def __getitem__(self, key: Any) -> Foreign:
        return Foreign(self._array[key])

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray:
        return self._array if dtype is None else self._array.astype(dtype)


def test_tensors_of_another_framework() -> None:
    model = model_of()
    model.fit(Foreign(X), Foreign(Y), batch_size=4, shuffle=False, verbose=0)
    np.testing.assert_allclose(model.get_weights()[0], IN_TURN[0], rtol=1e-5)


def test_generators_run_in_the_thread_that_is_asked_for() -> None:
    threads = []

    def batches() -> Any:
        for batch in generated():
            threads.append(threading.current_thread())
            yield batch

    model_of().fit(batches(), verbose=0, workers=0)
    assert set(threads) == {threading.main_thread()}
    threads.clear()
    model_of().fit(batches(), verbose=0, workers=2)
    assert threading.main_thread() not in threads


def test_the_default_batch_is_32() -> None:
    steps = []
    look = callbacks.LambdaCallback(on_batch_end=lambda batch, logs: steps.append(batch))
    model_of().fit(np.ones((70, 4)), np.ones((70, 1)), verbose=0, callbacks=[look])
    assert steps == [0, 1, 2]


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        ({"x": generated(), "y": Y}, "y"),
        ({"x": Batches(), "y": Y}, "y"),
        ({"x": generated(), "sample_weight": np.ones(10)}, "sample_weight"),
        ({"x": generated(), "batch_size": 4}, "batch_size"),
        ({"x": Batches(), "batch_size": 4}, "batch_size"),
        ({"x": generated(), "validation_split": 0.5}, "validation_split"),
        ({"x": X[:, :3], "y": Y}, r"d_input.*4.*3"),
        ({"x": X, "y": Y[:5]}, "10.*5"),
        ({"x": X, "y": Y, "validation_split": 1.5}, "validation_split"),
        ({"x": X, "y": Y, "sample_weight": np.ones(3)}, "3"),
        ({"x": [X, X], "y": Y}, "2"),
        ({"x": X, "y": Y, "batch_size": 0}, "batch_size"),
        ({"x": X, "y": Y, "shuffle": "sometimes"}, "shuffle"),
        ({"x": X, "y": Y, "validation_data": (X[:, :2], Y)}, "4.*2"),
    ],
)
def test_what_is_refused(arguments: dict[str, Any], text: str) -> None:
    with pytest.raises(ValueError, match=f"(?s){text}"):
        model_of().fit(verbose=0, **arguments)


def test_epochs_is_the_last_one_and_history_holds_all() -> None:
    model = model_of(metrics=["mae"])
    history = model.fit(X, Y, epochs=5, initial_epoch=3, verbose=0, validation_data=(X, Y))
    assert isinstance(history, callbacks.History) and history is model.history
    assert history.epoch == [3, 4] and set(history.history) == {"loss", "mae", "val_loss", "val_mae"}
    assert all(len(values) == 2 and isinstance(values[0], float) for values in history.history.values())
    assert history.params["epochs"] == 5 and history.params["steps"] == 1
    assert model.fit(X, Y, epochs=2, initial_epoch=2, verbose=0).epoch == []


@pytest.mark.parametrize(("verbose", "lines"), [(0, 0), (1, 1), (2, 1), ("auto", 1)])
def test_what_is_printed(verbose: Any, lines: int, capsys: pytest.CaptureFixture[str]) -> None:
    model_of(metrics=["mae"]).fit(X, Y, batch_size=4, verbose=verbose, epochs=2)
    text = capsys.readouterr().out
    assert ("Epoch 1/2" in text) is bool(lines) and ("mae:" in text) is bool(lines)
    assert ("3/3" in text) is bool(lines)
    if verbose == 2:
        assert "[====" not in text


def test_a_split_is_the_last_part_before_shuffling() -> None:
    model = model_of(rate=0.0)
    history = model.fit(X, Y, validation_split=0.3, verbose=0)
    error = (X.sum(axis=1, keepdims=True) - Y) ** 2
    assert history.history["val_loss"][0] == pytest.approx(error[7:].mean(), rel=1e-5)
    assert history.history["loss"][0] == pytest.approx(error[:7].mean(), rel=1e-5)
    other = model.fit(X, Y, validation_split=0.3, validation_data=(X[:2], Y[:2]), verbose=0)
    assert other.history["val_loss"][0] == pytest.approx(error[:2].mean(), rel=1e-5)
    assert other.history["loss"][0] == pytest.approx(error.mean(), rel=1e-5)  # the split is not taken


@pytest.mark.parametrize("kind", ["pair", "weights", "generator", "Sequence"])
def test_validation_data(kind: str) -> None:
    data: Any = {"pair": (X, Y), "weights": (X, Y, np.arange(10.0)), "generator": generated(), "Sequence": Batches()}
    error = (X.sum(axis=1) - Y[:, 0]) ** 2
    expected = (error * np.arange(10)).mean() if kind == "weights" else error.mean()
    history = model_of(rate=0.0).fit(X, Y, validation_data=data[kind], verbose=0, validation_batch_size=None)
    assert history.history["val_loss"][0] == pytest.approx(expected, rel=1e-5)


@pytest.mark.parametrize(("frequency", "count"), [(1, 4), (2, 2), (3, 1), ([1, 4], 2), ({2}, 1), (range(2, 4), 2)])
def test_validation_happens_in_these_epochs(frequency: Any, count: int) -> None:
    seen = []
    look = callbacks.LambdaCallback(on_epoch_end=lambda epoch, logs: "val_loss" in logs and seen.append(epoch + 1))
    history = model_of().fit(
        X, Y, epochs=4, verbose=0, validation_data=(X, Y), validation_freq=frequency, callbacks=[look]
    )
    assert len(history.history["val_loss"]) == count
    assert seen == [n for n in range(1, 5) if (n % frequency == 0 if isinstance(frequency, int) else n in frequency)]


def test_validation_steps_and_batch_size() -> None:
    history = model_of(rate=0.0).fit(
        X, Y, verbose=0, validation_data=(X, Y), validation_steps=2, validation_batch_size=3
    )
    error = (X.sum(axis=1, keepdims=True) - Y) ** 2
    assert history.history["val_loss"][0] == pytest.approx(error[:6].mean(), rel=1e-5)


class Order(callbacks.Callback):
    """Rows in the order in which a model without training sees them: their targets are their numbers."""

    def __init__(self) -> None:
        super().__init__()
        self.rows: list[float] = []

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        self.rows.append(round(float(logs["loss"]) * (batch + 1) - sum(self.rows), 3))


@pytest.mark.parametrize("shuffle", [True, False, "batch"])
def test_shuffling(shuffle: Any) -> None:
    model = Sequential([Dense(1, input_shape=(1,), kernel_initializer="zeros")])
    model.compile("sgd", lambda true, predicted: K.mean(true + 0.0 * predicted, axis=-1))
    look = Order()
    numbers = np.arange(12.0).reshape(12, 1)
    model.fit(numbers, numbers, batch_size=1, shuffle=shuffle, verbose=0, callbacks=[look])
    assert sorted(look.rows) == list(range(12))
    assert (look.rows == list(range(12))) is (shuffle is False)
    if shuffle == "batch":
        pairs = Order()
        model.fit(numbers, numbers, batch_size=4, shuffle="batch", verbose=0, callbacks=[pairs])
        assert sorted(pairs.rows) == [1.5, 5.5, 9.5]  # means of rows that lie together


def test_steps_per_epoch_goes_on_in_order() -> None:
    model = Sequential([Dense(1, input_shape=(1,), kernel_initializer="zeros")])
    model.compile("sgd", lambda true, predicted: K.mean(true + 0.0 * predicted, axis=-1))
    numbers = np.arange(8.0).reshape(8, 1)
    history = model.fit(numbers, numbers, batch_size=2, steps_per_epoch=2, epochs=3, verbose=0)
    assert history.history["loss"] == pytest.approx([1.5, 5.5, 1.5])


@pytest.mark.parametrize("one_hot", [False, True])
def test_class_weights_with_sample_weights(one_hot: bool) -> None:
    model = Sequential([Dense(3, input_shape=(4,), kernel_initializer="zeros", activation="softmax")])
    model.compile("sgd", "categorical_crossentropy" if one_hot else "sparse_categorical_crossentropy")
    labels = np.array([0, 1, 2, 2, 1, 0, 0, 1, 2, 0])
    target = np.eye(3)[labels] if one_hot else labels
    weights = np.linspace(0, 2, 10)
    history = model.fit(
        X, target, batch_size=10, verbose=0, class_weight={0: 1.0, 1: 3.0, 2: 0.5}, sample_weight=weights,
        validation_data=(X, target),
    )  # fmt: skip
    expected = np.mean(np.log(3) * np.array([1.0, 3.0, 0.5])[labels] * weights)
    assert history.history["loss"][0] == pytest.approx(expected, rel=1e-5)
    found = model.evaluate(X, target, verbose=0)
    assert history.history["val_loss"][0] == pytest.approx(found, rel=1e-5)  # class weights are for training alone


def test_weights_by_step_with_a_mask() -> None:
    from nnstack import layers

    model = Sequential([layers.Masking(0.0, input_shape=(3, 1)), layers.TimeDistributed(Dense(1, use_bias=False))])
    model.compile("sgd", "mse", sample_weight_mode="temporal")
    model.set_weights([np.ones((1, 1), "float32")])
    x = np.array([[[1.0], [2.0], [0.0]], [[3.0], [0.0], [0.0]]])
    weight = np.array([[1.0, 0.5, 9.0], [2.0, 9.0, 9.0]])
    errors = np.array([1.0 * 1, 0.5 * 4, 2.0 * 9])  # the masked steps do not count
    found = model.evaluate(x, np.zeros((2, 3, 1)), sample_weight=weight, verbose=0)
    assert found == pytest.approx(errors.sum() / 3, rel=1e-5)  # the mean over the steps that count, as in tf_keras


def test_every_batch_of_a_sequence_once_an_epoch() -> None:
    seen: list[int] = []

    class Counted(Batches):
        def __getitem__(self, index: int) -> Any:
            seen.append(index)
            return super().__getitem__(index)

    data = Counted()
    model_of().fit(data, epochs=3, verbose=0, workers=2)
    assert [sorted(seen[n : n + 3]) for n in (0, 3, 6)] == [[0, 1, 2]] * 3 and data.ends == 3


def test_errors_in_generators_and_dry_ones() -> None:
    def broken() -> Any:
        yield X, Y
        raise KeyError("mine")

    with pytest.raises(KeyError, match="mine"):
        model_of().fit(broken(), verbose=0)
    with pytest.warns(UserWarning, match="ran out"):
        history = model_of().fit(generated(), steps_per_epoch=2, epochs=3, verbose=0)
    assert len(history.epoch) == 2


def test_an_interrupt_leaves_a_model_that_works() -> None:
    class Stop(callbacks.Callback):
        def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
            raise KeyboardInterrupt

    model = model_of()
    with pytest.raises(KeyboardInterrupt):
        model.fit(X, Y, batch_size=4, shuffle=False, verbose=0, callbacks=[Stop()])
    np.testing.assert_allclose(model.get_weights()[0], by_hand([(X[:4], Y[:4], None)])[0], rtol=1e-5)
    model.fit(X[4:], Y[4:], batch_size=4, shuffle=False, verbose=0)
    np.testing.assert_allclose(model.get_weights()[0], IN_TURN[0], rtol=1e-5)


def test_training_from_tensors_alone() -> None:
    source, target = K.variable(X), K.variable(Y)
    x = Input(tensor=source)
    model = Model(x, Dense(1, kernel_initializer="ones")(x))
    from nnstack.optimizers import SGD

    model.compile(SGD(0.05), "mse", target_tensors=target)
    history = model.fit(x=None, y=None, steps_per_epoch=3, epochs=2, verbose=0)
    assert len(history.epoch) == 2 and history.history["loss"][1] < history.history["loss"][0]
    with pytest.raises(ValueError, match="steps_per_epoch"):
        model.fit(verbose=0)


def test_old_names() -> None:
    model = model_of()
    with pytest.raises(TypeError, match="unknown|unexpected"):
        model.fit(X, Y, nothing=1)
    assert len(model.fit(X, Y, nb_epoch=2, verbose=0).epoch) == 2
