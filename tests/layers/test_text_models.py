"""Models that begin with layers for texts: fit, evaluate, predict, files, and what they refuse."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from nnstack import backend as K
from nnstack import layers as L
from nnstack import utils
from nnstack.models import Model, Sequential, clone_model, load_model, model_from_json
from nnstack.optimizers import Adam

TEXTS = np.array(["the cat sat", "a dog ran away", "the dog", "cat", "a cat and a dog", "ran"])
TARGETS = np.array([1, 0, 0, 1, 1, 0], np.float32)[:, None]


def vectorizer(**kwargs: Any) -> Any:
    layer = L.TextVectorization(**kwargs)
    layer.adapt(TEXTS)
    return layer


def text_model(layer: Any) -> Model:
    i = L.Input((1,), dtype="string", name="text")
    h = L.Embedding(12, 4, mask_zero=True)(layer(i))
    return Model(i, L.Dense(1, "sigmoid")(L.GlobalAveragePooling1D()(h)))


@pytest.mark.parametrize("length", [None, 4])
def test_text_vectorization_first(length: int | None, tmp_path: Path) -> None:
    layer = vectorizer(output_sequence_length=length)
    model = text_model(layer)
    behind = Model(model.layers[2].input, model.outputs[0])  # the same layers on numbers
    wanted = behind.predict(layer(TEXTS).numpy(), verbose=0)
    np.testing.assert_allclose(model.predict(TEXTS, verbose=0), wanted, rtol=1e-5)
    np.testing.assert_allclose(model.predict(TEXTS[:, None], batch_size=2, verbose=0), wanted, rtol=1e-5)
    np.testing.assert_allclose(model(TEXTS).numpy(), wanted, rtol=1e-5)
    np.testing.assert_allclose(model.predict_on_batch(TEXTS.astype(object)), wanted, rtol=1e-5)
    np.testing.assert_allclose(model.predict(TEXTS.astype("S"), verbose=0), wanted, rtol=1e-5)
    np.testing.assert_allclose(model.predict(TEXTS.tolist(), verbose=0), wanted, rtol=1e-5)
    np.testing.assert_allclose(model.predict(TEXTS[:1].tolist(), verbose=0), wanted[:1], rtol=1e-4)
    np.testing.assert_allclose(model([[text] for text in TEXTS.tolist()]).numpy(), wanted, rtol=1e-5)
    model.compile("adam", "binary_crossentropy", metrics=["accuracy"])
    history = model.fit(TEXTS, TARGETS, epochs=30, batch_size=4, verbose=0, validation_split=0.34).history
    assert history["loss"][-1] < history["loss"][0] and "val_loss" in history
    loss = model.evaluate({"text": TEXTS}, TARGETS, verbose=0)
    assert model.test_on_batch(TEXTS, TARGETS) == pytest.approx(loss, rel=1e-4)
    batches = [(TEXTS[:3], TARGETS[:3]), (TEXTS[3:], TARGETS[3:])]
    model.fit(iter(batches), epochs=1, verbose=0)
    after = model.predict(TEXTS, verbose=0)
    for name in ("m.h5", "m.keras"):
        model.save(str(tmp_path / name))
        again = load_model(str(tmp_path / name))
        assert again.layers[1].get_vocabulary() == layer.get_vocabulary()
        np.testing.assert_allclose(again.predict(TEXTS, verbose=0), after, rtol=1e-5)
        again.train_on_batch(TEXTS, TARGETS)
    for copy in (clone_model(model), model_from_json(model.to_json())):
        copy.set_weights(model.get_weights())
        np.testing.assert_allclose(copy.predict(TEXTS, verbose=0), after, rtol=1e-5)
    lines: list[str] = []
    model.summary(print_fn=lines.append)
    assert any("text_vectorization" in line for line in lines)


@pytest.mark.parametrize("eager", [False, True])
def test_sequential(eager: bool, tmp_path: Path) -> None:
    """With an Input, and without one, where the data tell."""
    for first in ([L.Input((1,), dtype="string")], []):
        layer = vectorizer(output_mode="multi_hot")
        model = Sequential([*first, layer, L.Dense(1)])
        model.compile("sgd", "mse", run_eagerly=eager)
        losses = model.fit(TEXTS.tolist() if eager else TEXTS, TARGETS, epochs=5, verbose=0).history["loss"]
        assert losses[-1] < losses[0]
        kernel, bias = model.layers[-1].get_weights()
        np.testing.assert_allclose(model.predict(TEXTS, verbose=0), layer(TEXTS).numpy() @ kernel + bias, rtol=1e-4)
        model.save(str(tmp_path / "m.keras"))
        again = load_model(str(tmp_path / "m.keras"))
        np.testing.assert_array_equal(again.predict(TEXTS, verbose=0), model.predict(TEXTS, verbose=0))


def test_tables_of_mixed_columns() -> None:
    """Texts and whole numbers beside plain numbers, looked up, hashed and crossed."""
    colour, size, price = L.Input((1,), dtype="string", name="colour"), L.Input((1,), dtype="int64"), L.Input((2,))
    known = L.StringLookup(vocabulary=["red", "green"], output_mode="one_hot")
    hashing, crossing = L.Hashing(5), L.HashedCrossing(7, output_mode="one_hot")
    numbers = L.IntegerLookup(vocabulary=[10, 20, 30])
    parts = [
        known(colour), L.CategoryEncoding(5, "one_hot")(hashing(colour)), crossing([colour, size]),
        L.CategoryEncoding(4, "one_hot")(numbers(size)), L.Discretization([0.0], output_mode="one_hot")(price[:, :1]),
        L.Normalization(mean=[1.0, 2.0], variance=[4.0, 9.0])(price),
    ]  # fmt: skip
    model = Model([colour, size, price], L.Concatenate()(parts))
    x = [np.array(["red", "blue", "green"]), np.array([10, 99, 30]), np.array([[1, 2], [-1, 5], [3.0, -4]], np.float32)]
    columns = [a[:, None] for a in x[:2]]
    wanted = [
        known(columns[0]), np.eye(5)[hashing(x[0]).numpy()], crossing(columns), np.eye(4)[numbers(x[1]).numpy()],
        np.eye(2)[(x[2][:, 0] >= 0).astype(int)], (x[2] - [1, 2]) / [2, 3],
    ]  # fmt: skip
    np.testing.assert_allclose(model.predict(x, verbose=0), np.concatenate(wanted, 1), rtol=1e-5, atol=1e-6)
    named = dict(zip(model.input_names, x, strict=True))
    np.testing.assert_allclose(model.predict(named, verbose=0), np.concatenate(wanted, 1), rtol=1e-5, atol=1e-6)


def test_functions_that_cut_texts() -> None:
    """They may give lists, tuples or arrays of tokens."""
    for cut in (lambda text: text.split("-"), lambda text: tuple(text.split("-")),
                lambda text: np.array(text.split("-"))):  # fmt: skip
        layer = L.TextVectorization(standardize=str.upper, split=cut, output_mode="count")
        layer.adapt(["a-b", "b-c-b"])
        assert layer.get_vocabulary() == ["[UNK]", "B", "C", "A"]
        np.testing.assert_array_equal(layer(["b-b-x", "c"]).numpy(), [[1, 2, 0, 0], [0, 0, 1, 0]])


def test_a_step_of_one_s_own() -> None:
    class Own(Model):
        def train_step(self, data: Any) -> Any:
            x, y = data
            loss = self.compiled_loss(y, self(x, training=True))
            self.optimizer.minimize(loss, self.trainable_variables)
            return {"loss": loss}

    i = L.Input((), dtype="string")
    model = Own(i, L.Dense(1)(vectorizer(output_mode="count")(i)))
    model.compile("sgd", "mse")
    assert model.fit(TEXTS, TARGETS, epochs=2, verbose=0).history["loss"][1] > 0


def test_what_is_refused() -> None:
    i = L.Input((1,), dtype="string", name="words")
    with pytest.raises(
        ValueError, match=r'flatten \(layer "flat"\): expected numbers, got the texts of "words". Put Str'
    ):
        Model(i, L.Flatten(name="flat")(i))
    with pytest.raises(
        TypeError, match=r'string_lookup \(layer "late"\): works on arrays, so in a model it stands right'
    ):
        L.StringLookup(vocabulary=["a"], name="late")(L.Dense(2)(L.Input((3,))))
    with pytest.raises(
        TypeError, match=r'dense \(layer "d"\): expected .* numbers, got an array of texts. Look them up'
    ):
        L.Dense(1, name="d")(TEXTS)
    model = Sequential([L.Dense(1, input_shape=(1,))])
    with pytest.raises(TypeError, match="expected numbers, got dtype <U"):
        model.predict(TEXTS, verbose=0)


def numbers_model() -> Model:
    i = L.Input((None,), dtype="int64")
    return Model(i, L.Dense(1, "sigmoid")(L.GlobalAveragePooling1D()(L.Embedding(12, 4)(i))))


def _functional_end_to_end() -> Model:
    i = L.Input((1,), dtype="string")
    return Model(i, numbers_model()(vectorizer(output_sequence_length=4)(i)))


def _model_in_model() -> Model:
    i = L.Input((1,), dtype="string")
    return Model(i, L.Dense(1)(L.Dropout(0.1)(text_model(vectorizer())(i))))


def _two_levels() -> Model:
    i = L.Input((), dtype="string")
    return Model(i, L.Dense(1)(_model_in_model()(i)))


def _stack_that_begins_with_texts() -> Model:
    i = L.Input((1,), dtype="string")
    stack = Sequential([vectorizer(output_mode="tf_idf"), L.Dense(3, "tanh")])  # built by this call
    return Model(i, L.Dense(1)(stack(i)))


NESTED: dict[str, Any] = {
    "the vectorizer before a model": _functional_end_to_end,
    "the vectorizer before a model, stacked": lambda: Sequential([vectorizer(), numbers_model()]),
    "an Input, the vectorizer, a model, stacked": lambda: Sequential(
        [L.Input((1,), dtype="string"), vectorizer(), numbers_model()]
    ),
    "a model in a model": _model_in_model,
    "two levels": _two_levels,
    "a model in a stack": lambda: Sequential([text_model(vectorizer()), L.Dense(1)]),
    "a stack in a stack": lambda: Sequential([Sequential([vectorizer(output_mode="count"), L.Dense(2)]), L.Dense(1)]),
    "a stack in a model": _stack_that_begins_with_texts,
}


@pytest.mark.parametrize("make", NESTED.values(), ids=NESTED.keys())
def test_nested(make: Any, tmp_path: Path) -> None:
    utils.set_random_seed(2)
    model = make()
    model.compile(Adam(0.03), "mse")
    losses = model.fit(TEXTS, TARGETS, epochs=20, batch_size=4, verbose=0).history["loss"]
    assert losses[-1] < losses[0]
    after = model.predict(TEXTS, verbose=0)
    np.testing.assert_allclose(model(TEXTS[:, None]).numpy(), after, rtol=1e-5)
    assert model.evaluate(TEXTS, TARGETS, verbose=0) == pytest.approx(float(((after - TARGETS) ** 2).mean()), rel=1e-4)
    for name in ("m.h5", "m.keras"):
        model.save(str(tmp_path / name))
        again = load_model(str(tmp_path / name))
        np.testing.assert_array_equal(again.predict(TEXTS, verbose=0), after)
        again.train_on_batch(TEXTS, TARGETS)
    for copy in (clone_model(model), type(model).from_config(model.get_config())):
        copy.set_weights(model.get_weights())
        np.testing.assert_allclose(copy.predict(TEXTS, verbose=0), after, rtol=1e-5)
    lines: list[str] = []
    model.summary(print_fn=lines.append, expand_nested=True)
    assert not any("nested_front" in line for line in lines)
    model.compile("adam", "mse", run_eagerly=True)
    assert np.isfinite(model.fit(TEXTS, TARGETS, verbose=0).history["loss"][0])


def test_the_layers_of_a_nested_model_one_by_one() -> None:
    """What a nested model gives is what its layers give, called one after the other, and so are its gradients."""
    inner = text_model(vectorizer())
    i = L.Input((1,), dtype="string")
    nested = Model(i, inner(i) * 2)
    j = L.Input((1,), dtype="string")
    x: Any = j
    for layer in inner.layers[1:]:
        x = layer(x)
    flat = Model(j, x * 2)
    np.testing.assert_array_equal(nested.predict(TEXTS, verbose=0), flat.predict(TEXTS, verbose=0))
    start = inner.get_weights()
    results = []
    for model in (nested, flat):
        inner.set_weights(start)
        model.compile("sgd", "mse")
        model.fit(TEXTS, TARGETS, epochs=2, shuffle=False, verbose=0)
        results.append(inner.get_weights())
    for a, b in zip(*results, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-5, atol=1e-7)


def test_one_model_for_two_texts() -> None:
    """A question and an answer through the same model, which also has an output of its own in between."""
    inner = text_model(vectorizer())
    first, second = L.Input((1,), dtype="string", name="first"), L.Input((1,), dtype="string", name="second")
    model = Model([first, second], L.Subtract()([inner(first), inner(second)]))
    got = model.predict({"first": TEXTS, "second": TEXTS[::-1]}, verbose=0)
    one = inner.predict(TEXTS, verbose=0)
    np.testing.assert_allclose(got, one - one[::-1], rtol=1e-4, atol=1e-6)


def test_a_model_that_prepares_columns(tmp_path: Path) -> None:
    """As guides on tables do it: a model of look-ups and scales alone, called on a dict of Inputs of the model around
    it, or on numbers that this one computes.
    """

    def inputs() -> dict[str, Any]:
        return {"colour": L.Input((1,), dtype="string", name="colour"), "price": L.Input((2,), name="price")}

    own = inputs()
    known = L.StringLookup(vocabulary=["red", "green"], output_mode="one_hot")
    parts = [known(own["colour"]), L.Normalization(mean=[1.0, 2.0], variance=[4.0, 9.0])(own["price"])]
    prepare = Model(own, L.Concatenate()(parts), name="prepare")
    around = inputs()
    head = Sequential([L.Dense(4, "relu"), L.Dense(1)])
    model = Model(around, head(prepare(around)))
    x = {"colour": np.array(["red", "blue", "green"]), "price": np.array([[1, 2], [-1, 5], [3.0, -4]], np.float32)}
    wanted = np.concatenate([known(x["colour"][:, None]).numpy(), (x["price"] - [1, 2]) / [2, 3]], 1)
    np.testing.assert_allclose(prepare.predict(x, verbose=0), wanted, rtol=1e-5)
    np.testing.assert_allclose(model.predict(x, verbose=0), head.predict(wanted, verbose=0), rtol=1e-4, atol=1e-6)
    model.compile("adam", "mse")
    model.fit(x, np.ones(3), verbose=0)
    model.save(str(tmp_path / "m.keras"))
    again = load_model(str(tmp_path / "m.keras"))
    np.testing.assert_array_equal(again.predict(x, verbose=0), model.predict(x, verbose=0))
    doubled = L.Dense(2, use_bias=False, kernel_initializer=lambda shape, dtype=None: 2 * np.eye(2))(around["price"])
    computed = Model(around, prepare({**around, "price": doubled}))
    wanted[:, 3:] = (2 * x["price"] - [1, 2]) / [2, 3]
    np.testing.assert_allclose(computed.predict(x, verbose=0), wanted, rtol=1e-5)


def test_what_nested_models_refuse() -> None:
    inner = text_model(vectorizer())
    with pytest.raises(ValueError, match=r'input "text": expected texts, got numbers'):
        inner(L.Input((1,), dtype="int64"))
    i = L.Input((1,), dtype="int64", name="number")
    numbers = Model(i, L.Dense(1)(L.CategoryEncoding(3, "one_hot")(L.Hashing(3)(i))))
    with pytest.raises(ValueError, match=r'input "number": goes into layers that work on arrays, in Python'):
        numbers(L.Dense(1)(L.Input((1,))))
    with pytest.raises(ValueError, match=r'input "number": expected numbers, got texts'):
        numbers(L.Input((1,), dtype="string"))


def test_a_cross_of_bins_of_numbers(tmp_path: Path) -> None:
    amount, town = L.Input((1,), name="amount"), L.Input((1,), name="town", dtype="string")
    bins = L.Discretization(bin_boundaries=[1.0, 2.0])(amount)
    crossed = L.HashedCrossing(6, output_mode="one_hot")([bins, town])
    model = Model([amount, town], L.Dense(1, use_bias=False)(L.Concatenate()([crossed, amount])))
    x = [np.array([[0.5], [2.5], [2.5]], np.float32), np.array([["a"], ["b"], ["a"]])]
    places = L.HashedCrossing(6)([np.digitize(x[0], [1.0, 2.0]), x[1]]).numpy()[:, 0]
    kernel = model.get_weights()[0]
    expected = kernel[places] + x[0] * kernel[6]
    np.testing.assert_allclose(model.predict(x, verbose=0), expected, rtol=1e-5)
    model.save(tmp_path / "model.keras")
    again = load_model(tmp_path / "model.keras", compile=False)
    np.testing.assert_allclose(again.predict(x, verbose=0), expected, rtol=1e-5)


class _Sentences(Model):
    """A call of its own over texts of different lengths."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.look_up = L.TextVectorization(vocabulary=["hello", "world"])
        self.embed = L.Embedding(4, 2, mask_zero=True, embeddings_initializer="ones")
        self.pool = L.GlobalAveragePooling1D()
        self.end = L.Dense(1, kernel_initializer="ones")

    def call(self, x: Any, training: Any = None) -> Any:
        return self.end(self.pool(self.embed(self.look_up(x))))

    def get_config(self) -> dict[str, Any]:
        return {}


SENTENCES = np.array([["hello world"], ["hello"], ["what a world it is"]])


@pytest.mark.parametrize("run_eagerly", [False, True])
def test_texts_in_a_call_of_ones_own(run_eagerly: bool) -> None:
    model = _Sentences()
    np.testing.assert_allclose(model(SENTENCES).numpy(), np.full((3, 1), 2.0))
    model.compile("sgd", "mse", run_eagerly=run_eagerly)
    losses = model.fit(SENTENCES, np.zeros(3), batch_size=2, epochs=3, verbose=0).history["loss"]
    assert losses[-1] < losses[0] < 4.5
    by_one = model.predict(SENTENCES, batch_size=1, verbose=0)
    np.testing.assert_allclose(by_one, model(SENTENCES).numpy(), rtol=1e-6)
    np.testing.assert_allclose(model.predict(["hello world", "hello"], verbose=0), by_one[:2], rtol=1e-6)
    np.testing.assert_allclose(model.predict(SENTENCES.astype("S"), verbose=0), by_one, rtol=1e-6)


def test_files_of_a_model_with_texts_in_its_call(tmp_path: Path) -> None:
    model = _Sentences()
    model.compile("sgd", "mse")
    model.fit(SENTENCES, np.zeros(3), verbose=0)
    model.save(tmp_path / "m.keras")
    again = load_model(tmp_path / "m.keras", custom_objects={"_Sentences": _Sentences})
    np.testing.assert_allclose(again.predict(SENTENCES, verbose=0), model.predict(SENTENCES, verbose=0), rtol=1e-6)


def test_texts_beside_numbers_and_in_layers_of_ones_own() -> None:
    class Look(L.Layer):
        def __init__(self) -> None:
            super().__init__()
            self.words = L.StringLookup(vocabulary=["a", "b"])
            self.back = L.StringLookup(vocabulary=["a", "b"], invert=True)
            self.bins = L.Hashing(3)

        def call(self, x: Any) -> Any:
            numbers = self.words(x)
            return L.concatenate([numbers, self.words(self.back(numbers)), self.bins(x)])

    class Both(Model):
        def __init__(self) -> None:
            super().__init__()
            self.look = Look()

        def call(self, inputs: Any) -> Any:
            return K.cast(self.look(inputs["word"]), "float32") + inputs["number"]

    data = {"word": np.array([["a"], ["b"], ["c"]]), "number": np.array([[10.0], [20.0], [30.0]], "float32")}
    bins = L.Hashing(3)(data["word"]).numpy()
    want = np.concatenate([[[1], [2], [0]], [[1], [2], [0]], bins], 1) + data["number"]
    model = Both()
    np.testing.assert_allclose(model.predict(data, verbose=0), want)
    np.testing.assert_allclose(model(data).numpy(), want)


def test_texts_that_a_layer_of_numbers_gets() -> None:
    class Wrong(Model):
        def __init__(self) -> None:
            super().__init__()
            self.end = L.Dense(1, name="end")

        def call(self, x: Any) -> Any:
            return self.end(x)

    with pytest.raises(TypeError, match=r'dense \(layer "end"\): expected tensors or arrays of numbers, got an array'):
        Wrong().predict(SENTENCES, verbose=0)


def test_export_says_what_a_file_cannot_hold(tmp_path: Path) -> None:
    words = L.Input((1,), dtype="string")
    model = Model(words, L.Dense(1)(L.StringLookup(vocabulary=["a"], output_mode="one_hot")(words)))
    with pytest.raises(ValueError, match="begins with layers that look up in Python, which the file cannot hold"):
        model.export(tmp_path / "m.nnstack")
    assert not list(tmp_path.iterdir())
