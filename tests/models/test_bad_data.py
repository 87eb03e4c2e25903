"""What a user is told when data or arguments do not fit: the exact texts, raised before any work."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from small_models import LABELS, ONE_HOT, X, compiled, new


def batches() -> Any:
    return iter([(X, ONE_HOT)])


OUT = 'output "out" has shape (None, 3) and loss'
CASES: list[tuple[str, Callable[[], Any], type[Exception], str]] = [
    # before compile
    (
        "fit",
        lambda: new().fit(X, ONE_HOT),
        RuntimeError,
        'fit (model "m"): the model is not compiled. Call model.compile(optimizer, loss) first',
    ),
    (
        "evaluate",
        lambda: new().evaluate(X, ONE_HOT),
        RuntimeError,
        'evaluate (model "m"): the model is not compiled. Call model.compile(optimizer, loss) first',
    ),
    (
        "train_on_batch",
        lambda: new().train_on_batch(X, ONE_HOT),
        RuntimeError,
        'train_on_batch (model "m"): the model is not compiled. Call model.compile(optimizer, loss) first',
    ),
    (
        "test_on_batch",
        lambda: new().test_on_batch(X, ONE_HOT),
        RuntimeError,
        'test_on_batch (model "m"): the model is not compiled. Call model.compile(optimizer, loss) first',
    ),
    # inputs
    (
        "x size",
        lambda: compiled().fit(X[:, :32], ONE_HOT),
        ValueError,
        'fit (model "m"): input "first_input" expects shape (None, 64), got (10, 32). Reshape the data or build '
        "the model for it",
    ),
    (
        "x one sample",
        lambda: compiled().fit(X[0], ONE_HOT[0]),
        ValueError,
        'fit (model "m"): input "first_input" expects shape (None, 64), got (64,). One sample alone needs a batch '
        "axis: x[np.newaxis, ...]",
    ),
    (
        "x images",
        lambda: compiled().fit(X.reshape(10, 8, 8), ONE_HOT),
        ValueError,
        'fit (model "m"): input "first_input" expects shape (None, 64), got (10, 8, 8). Flatten it: '
        "x.reshape(len(x), 64)",
    ),
    (
        "x predict",
        lambda: compiled().predict(X[:, :3]),
        ValueError,
        'predict (model "m"): input "first_input" expects shape (None, 64), got (10, 3). Reshape the data or build '
        "the model for it",
    ),
    (
        "x on batch",
        lambda: compiled().predict_on_batch(X[:, :3]),
        ValueError,
        'predict_on_batch (model "m"): input "first_input" expects shape (None, 64), got (10, 3). '
        "Reshape the data or build the model for it",
    ),
    (
        "lengths",
        lambda: compiled().fit(X, ONE_HOT[:5]),
        ValueError,
        'fit (model "m"): expected the same number of samples everywhere, got: x has 10; y has 5',
    ),
    (
        "weights length",
        lambda: compiled().fit(X, ONE_HOT, sample_weight=np.ones(4)),
        ValueError,
        'fit (model "m"): expected the same number of samples everywhere, got: x has 10; y has 10; sample_weight has 4',
    ),
    (
        "weights rank",
        lambda: compiled().fit(X, ONE_HOT, sample_weight=np.ones((10, 3, 1))),
        ValueError,
        'fit (model "m"): sample_weight for output "out" expects shape (10,), got (10, 3, 1)',
    ),
    (
        "empty",
        lambda: compiled().fit(X[:0], ONE_HOT[:0]),
        ValueError,
        'fit (model "m"): expected at least one sample, got none',
    ),
    ("None", lambda: compiled().fit(None, ONE_HOT), ValueError, 'fit (model "m"): expected x, got None'),
    (
        "text",
        lambda: compiled().fit(np.full((10, 64), "a"), ONE_HOT),
        TypeError,
        'fit (model "m"): x: expected numbers, got dtype <U1. Turn text or objects into numeric arrays first, '
        "for example with astype('float32')",
    ),
    (
        "names",
        lambda: compiled().fit({"a": X}, ONE_HOT),
        ValueError,
        'fit (model "m"): x: expected arrays named first_input; missing first_input; unknown names given: a',
    ),
    (
        "rows in a list",
        lambda: compiled().predict(list(X)),
        ValueError,
        'predict (model "m"): expected 1 input array(s) (first_input), got 10. A list means one array per input; make '
        "one array of its rows: np.array(x)",
    ),
    (
        "ragged rows",
        lambda: compiled().predict([[1, 2], [3]]),
        ValueError,
        'predict (model "m"): x: expected rows of one length, got rows of different lengths. Pad them, or pass arrays',
    ),
    # targets that do not fit the loss
    (
        "labels for one-hot",
        lambda: compiled().fit(X, LABELS),
        ValueError,
        f'fit (model "m"): {OUT} categorical_crossentropy: expected one-hot targets of shape (None, 3), got targets of '
        "shape (10,). "
        "Use sparse_categorical_crossentropy for integer labels, or one-hot rows: utils.to_categorical(y)",
    ),
    (
        "too few classes",
        lambda: compiled().fit(X, ONE_HOT[:, :2]),
        ValueError,
        f'fit (model "m"): {OUT} categorical_crossentropy: expected one-hot targets of shape (None, 3), got targets of '
        "shape (10, 2). "
        "Check the labels against the number of units of the last layer",
    ),
    (
        "one-hot for labels",
        lambda: compiled("sparse_categorical_crossentropy").fit(X, ONE_HOT),
        ValueError,
        f'fit (model "m"): {OUT} sparse_categorical_crossentropy: expected integer labels of shape (None,), '
        "got targets of shape (10, 3). Use categorical_crossentropy for one-hot rows",
    ),
    (
        "label rank",
        lambda: compiled("sparse_categorical_crossentropy").fit(X, np.zeros((10, 2, 2))),
        ValueError,
        f'fit (model "m"): {OUT} sparse_categorical_crossentropy: expected integer labels of shape (None,), '
        "got targets of shape (10, 2, 2). Check the labels against the number of units of the last layer",
    ),
    (
        "label range",
        lambda: compiled("sparse_categorical_crossentropy").fit(X, LABELS + 1),
        ValueError,
        f'fit (model "m"): {OUT} sparse_categorical_crossentropy: expected labels from 0 to 2, got labels from 1 to 3. '
        "Check the labels against the number of units of the last layer",
    ),
    (
        "mse size",
        lambda: compiled("mse").fit(X, ONE_HOT[:, :2]),
        ValueError,
        f'fit (model "m"): {OUT} mean_squared_error: expected targets of shape (None, 3), got targets of shape (10, '
        "2). "
        "Reshape the targets, or change the last layer",
    ),
    (
        "mse rank",
        lambda: compiled("mse").fit(X, LABELS),
        ValueError,
        f'fit (model "m"): {OUT} mean_squared_error: expected targets of shape (None, 3), got targets of shape (10,). '
        "Reshape the targets, or change the last layer",
    ),
    # arguments of fit
    (
        "batch_size",
        lambda: compiled().fit(X, ONE_HOT, batch_size=0),
        ValueError,
        'fit (model "m"): expected batch_size of at least 1, got 0',
    ),
    (
        "split",
        lambda: compiled().fit(X, ONE_HOT, validation_split=2),
        ValueError,
        'fit (model "m"): expected validation_split between 0 and 1, got 2',
    ),
    ("unknown", lambda: compiled().fit(X, ONE_HOT, foo=1), TypeError, "fit (model \"m\"): unknown argument 'foo'"),
    (
        "stream with y",
        lambda: compiled().fit(batches(), ONE_HOT),
        ValueError,
        'fit (model "m"): x is a list_iterator, which yields (x, y) or (x, y, sample_weight); remove the argument y',
    ),
    (
        "stream with batch_size",
        lambda: compiled().fit(batches(), batch_size=3),
        ValueError,
        'fit (model "m"): x is a list_iterator, which makes its own batches; remove the argument batch_size',
    ),
    (
        "stream with split",
        lambda: compiled().fit(batches(), validation_split=0.2),
        ValueError,
        'fit (model "m"): validation_split needs arrays, got a list_iterator. Pass validation_data',
    ),
    (
        "steps",
        lambda: compiled().fit(X, ONE_HOT, steps_per_epoch=0),
        ValueError,
        'fit (model "m"): expected steps_per_epoch of at least 1, got 0',
    ),
    (
        "epochs type",
        lambda: compiled().fit(X, ONE_HOT, epochs="a"),
        TypeError,
        "fit (model \"m\"): expected a whole number as epochs, got 'a' of type str",
    ),
    (
        "epochs value",
        lambda: compiled().fit(X, ONE_HOT, epochs=-1),
        ValueError,
        'fit (model "m"): expected epochs of at least 0, got -1',
    ),
    (
        "initial_epoch",
        lambda: compiled().fit(X, ONE_HOT, initial_epoch=None),
        TypeError,
        'fit (model "m"): expected a whole number as initial_epoch, got None of type NoneType',
    ),
    (
        "half a batch",
        lambda: compiled().fit(X, ONE_HOT, batch_size=2.5),
        ValueError,
        'fit (model "m"): expected a whole number as batch_size, got 2.5',
    ),
    (
        "split type",
        lambda: compiled().fit(X, ONE_HOT, validation_split="x"),
        TypeError,
        "fit (model \"m\"): expected a number as validation_split, got 'x' of type str",
    ),
    (
        "validation_freq",
        lambda: compiled().fit(X, ONE_HOT, validation_data=(X, ONE_HOT), validation_freq="a"),
        TypeError,
        "fit (model \"m\"): expected a whole number as validation_freq, got 'a' of type str",
    ),
    (
        "validation_steps",
        lambda: compiled().fit(X, ONE_HOT, validation_data=(X, ONE_HOT), validation_steps=0),
        ValueError,
        'fit: validation_data (model "m"): expected validation_steps of at least 1, got 0',
    ),
    (
        "validation without y",
        lambda: compiled().fit(X, ONE_HOT, validation_data=X),
        ValueError,
        'fit: validation_data (model "m"): expected targets y, which the loss of compile() needs, got none',
    ),
    (
        "verbose",
        lambda: compiled().evaluate(X, ONE_HOT, verbose="x"),
        ValueError,
        "evaluate (model \"m\"): expected verbose 'auto', 0 (silent), 1 (bar) or 2 (line per epoch), got 'x'",
    ),
    (
        "verbose type",
        lambda: compiled().predict(X, verbose=None),
        TypeError,
        "predict (model \"m\"): expected verbose 'auto', 0 (silent), 1 (bar) or 2 (line per epoch), got None",
    ),
    (
        "shuffle",
        lambda: compiled().fit(X, ONE_HOT, shuffle="x"),
        ValueError,
        "fit (model \"m\"): expected shuffle True, False or 'batch', got 'x'",
    ),
    (
        "no targets",
        lambda: compiled().fit(X),
        ValueError,
        'fit (model "m"): expected targets y, which the loss of compile() needs, got none',
    ),
    (
        "no targets for a batch",
        lambda: compiled().train_on_batch(X),
        ValueError,
        'train_on_batch (model "m"): expected targets y, which the loss of compile() needs, got none',
    ),
    (
        "class_weight type",
        lambda: compiled().fit(X, ONE_HOT, class_weight=[1.0, 2.0]),
        TypeError,
        'fit (model "m"): expected class_weight as a dict {class: weight}, got [1.0, 2.0] of type list',
    ),
    (
        "class_weight value",
        lambda: compiled().train_on_batch(X, ONE_HOT, class_weight={0: "a"}),
        TypeError,
        "train_on_batch (model \"m\"): expected a number as class_weight of class 0, got 'a'",
    ),
    (
        "class weight",
        lambda: compiled().fit(X, ONE_HOT, class_weight={0: 1.0, 2: 1.0}),
        ValueError,
        "class_weight: no weight for classes [1]; given for [0, 2]",
    ),
    (
        "callback",
        lambda: compiled().fit(X, ONE_HOT, callbacks=[3]),
        TypeError,
        "callbacks: expected Callback objects, got 3",
    ),
]


@pytest.mark.parametrize(("action", "error", "text"), [case[1:] for case in CASES], ids=[case[0] for case in CASES])
def test_text(action: Callable[[], Any], error: type[Exception], text: str) -> None:
    with pytest.raises(error) as caught:
        action()
    assert str(caught.value) == text


def test_nothing_happens_before_the_check() -> None:
    model = compiled()
    before = model.get_weights()
    with pytest.raises(ValueError, match="expected one-hot targets"):
        model.fit(X, LABELS, epochs=3)
    assert all(np.array_equal(a, b) for a, b in zip(before, model.get_weights(), strict=True))
    assert int(model.optimizer.iterations.numpy()) == 0
