"""What optimizers promise beside their numbers, which are in tests/reference."""

import numpy as np
import pytest

from nnstack import backend as K
from nnstack import constraints, optimizers
from nnstack.optimizers import legacy, schedules

NAMES = ("SGD", "RMSprop", "Adam", "AdamW", "Adagrad", "Adadelta", "Adamax", "Nadam", "Ftrl", "Lion", "Adafactor")
ALL = [getattr(optimizers, name) for name in NAMES]
LEGACY = [getattr(legacy, name) for name in legacy.__all__ if name != "Optimizer"]


def identify(cls):
    return f"{cls.__module__.split('.')[2]}.{cls.__name__}"


def compiled_step(optimizer, variables):
    inputs = [K.placeholder(v.shape, dtype=v.dtype) for v in variables]
    with K.trace() as step:
        optimizer.apply_gradients(zip(inputs, variables, strict=True))
    return K.function(inputs, [], updates=step.updates)


@pytest.mark.parametrize("cls", ALL + LEGACY, ids=identify)
def test_compiled_steps_equal_eager_ones(cls):
    results = []
    for compiled in (True, False):
        random = np.random.default_rng(3)
        variables = [K.variable(random.normal(size=(3, 2)), name="a"), K.variable(random.normal(size=(2,)), name="b")]
        optimizer = cls(learning_rate=0.05)
        step = compiled_step(optimizer, variables) if compiled else None
        for _ in range(3):
            gradients = [random.normal(size=v.shape).astype("float32") for v in variables]
            if step is not None:
                step(gradients)
            else:
                optimizer.apply_gradients(zip(gradients, variables, strict=True))
        assert int(optimizer.iterations.numpy()) == 3
        results.append([v.numpy() for v in [*variables, *optimizer.variables]])
    for one, other in zip(*results, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-5, atol=1e-7)


@pytest.mark.parametrize("cls", ALL + LEGACY, ids=identify)
def test_config_and_weights_round_trip(cls):
    random = np.random.default_rng(4)
    v = K.variable(random.normal(size=(2, 2)), name="w")
    optimizer = cls(learning_rate=0.03)
    optimizer.apply_gradients([(np.ones((2, 2), "float32"), v)])
    copy = optimizers.deserialize(optimizers.serialize(optimizer))
    assert type(copy) is cls
    assert copy.get_config() == optimizer.get_config()
    assert type(optimizers.deserialize(optimizers.serialize(optimizer, use_legacy_format=True))) is cls
    w = K.variable(v.numpy(), name="w")
    copy.build([w])
    copy.set_weights(optimizer.get_weights())
    if cls is optimizers.Nadam:  # as in tf.keras, its momentum product is no part of the weights
        K.set_value(copy._momentum_product, optimizer._momentum_product.numpy())
    for target, own in ((v, optimizer), (w, copy)):
        own.apply_gradients([(np.full((2, 2), 0.5, "float32"), target)])
    np.testing.assert_array_equal(v.numpy(), w.numpy())


SLOTS = {
    optimizers.SGD: ["iteration:0", "SGD/m/d/kernel:0", "SGD/m/d/bias:0"],
    optimizers.Adam: [
        "iteration:0",
        "Adam/m/d/kernel:0",
        "Adam/v/d/kernel:0",
        "Adam/m/d/bias:0",
        "Adam/v/d/bias:0",
    ],
    optimizers.RMSprop: ["iteration:0", "RMSprop/velocity/d/kernel:0", "RMSprop/velocity/d/bias:0"],
    legacy.SGD: ["SGD/iter:0"],
    legacy.Adam: [
        "Adam/iter:0",
        "Adam/d/kernel/m:0",
        "Adam/d/bias/m:0",
        "Adam/d/kernel/v:0",
        "Adam/d/bias/v:0",
    ],
    legacy.RMSprop: ["RMSprop/iter:0", "RMSprop/d/kernel/rms:0", "RMSprop/d/bias/rms:0"],
    legacy.Nadam: [
        "Nadam/iter:0",
        "Nadam/momentum_cache:0",
        "Nadam/d/kernel/m:0",
        "Nadam/d/bias/m:0",
        "Nadam/d/kernel/v:0",
        "Nadam/d/bias/v:0",
    ],
}


@pytest.mark.parametrize("cls", SLOTS, ids=identify)
def test_names_and_order_are_those_of_tf_keras_files(cls):
    optimizer = cls()
    optimizer.build([K.variable(np.zeros((3, 2)), name="d/kernel"), K.variable(np.zeros(2), name="d/bias")])
    assert [v.name for v in optimizer.variables] == SLOTS[cls]
    assert optimizer.variables() == optimizer.variables


def test_learning_rate_may_change_between_compiled_steps():
    v = K.variable([1.0])
    optimizer = optimizers.SGD(0.1)
    step = compiled_step(optimizer, [v])
    step([[1.0]])
    optimizer.learning_rate = 0.5
    step([[1.0]])
    K.set_value(optimizer.lr, 0.25)
    step([[1.0]])
    np.testing.assert_allclose(v.numpy(), [1 - 0.1 - 0.5 - 0.25], rtol=1e-6)
    assert optimizer.get_config()["learning_rate"] == 0.25


@pytest.mark.parametrize("cls", [optimizers.SGD, legacy.SGD], ids=identify)
def test_keras_2_spellings(cls):
    v = K.variable([0.0])
    optimizer = cls(lr=1.0, decay=1.0)
    for _ in range(3):
        optimizer.apply_gradients([(np.ones(1), v)])
    np.testing.assert_allclose(v.numpy(), [-(1 + 1 / 2 + 1 / 3)], rtol=1e-6)
    again = optimizers.deserialize(optimizers.serialize(optimizer))
    assert (type(again), again.decay, float(again.lr.numpy())) == (cls, 1.0, 1.0)


def test_schedule_runs_inside_the_compiled_step():
    v = K.variable([0.0])
    optimizer = optimizers.SGD(schedules.PiecewiseConstantDecay([1], [1.0, 0.5]))
    step = compiled_step(optimizer, [v])
    for _ in range(4):
        step([[1.0]])
    assert v.numpy().tolist() == [-3.0]
    again = optimizers.deserialize(optimizers.serialize(optimizer))
    assert again.learning_rate.get_config() == optimizer.learning_rate.get_config()
    with pytest.raises(TypeError, match="schedule and cannot be set"):
        optimizer.learning_rate = 0.1


def test_constraints_apply_after_the_step():
    v = K.variable([3.0, 4.0], constraint=constraints.MaxNorm(1.0))
    optimizers.SGD(1.0).apply_gradients([(np.zeros(2), v)])
    np.testing.assert_allclose(v.numpy(), [0.6, 0.8], rtol=1e-6)


def test_weight_decay_leaves_out_what_is_excluded():
    kernel, bias = K.variable([1.0], name="kernel"), K.variable([1.0], name="bias")
    optimizer = optimizers.SGD(0.5, weight_decay=0.2)
    optimizer.exclude_from_weight_decay(var_names=["bias"])
    optimizer.apply_gradients([(np.zeros(1), kernel), (np.zeros(1), bias)])
    assert (kernel.numpy().tolist(), bias.numpy().tolist()) == ([pytest.approx(0.9)], [1.0])


def test_averages_are_written_at_the_end():
    v = K.variable([1.0])
    optimizer = optimizers.SGD(1.0, use_ema=True, ema_momentum=0.5)
    optimizer.apply_gradients([(np.ones(1), v)])
    assert v.numpy().tolist() == [0.0]
    optimizer.finalize_variable_values([v])
    assert v.numpy().tolist() == [0.5]


def test_minimize_and_get_updates():
    v = K.variable([2.0])
    optimizers.SGD(0.25).minimize(lambda: K.square(v), [v])
    assert v.numpy().tolist() == [1.0]
    K.function([], [], updates=legacy.SGD(0.25).get_updates(K.sum(K.square(v)), [v]))([])
    assert v.numpy().tolist() == [0.5]
    with pytest.raises(ValueError, match='the loss does not depend on "u:0"'):
        legacy.SGD().get_gradients(K.sum(v), [K.variable(1.0, name="u")])


def test_float64_variables_stay_exact():
    v = K.variable(np.array([1.0]), dtype="float64")
    optimizers.Adam(0.5).apply_gradients([(np.array([1e-3]), v)])
    assert v.dtype == "float64"
    np.testing.assert_allclose(v.numpy(), [0.5 + 0.5 * 1e-7 / (1e-3 * 0.001**0.5 + 1e-7)], rtol=1e-4)


def test_own_optimizer():
    class Sign(optimizers.Optimizer):
        def __init__(self, learning_rate=0.1, name="Sign", **kwargs):
            super().__init__(name=name, learning_rate=learning_rate, **kwargs)

        def build(self, var_list):
            super().build(var_list)
            self.counts = [self.add_variable_from_reference(v, "count") for v in var_list]

        def update_step(self, gradient, variable):
            self.slot(variable, "count").assign_add(K.ones_like(gradient))
            variable.assign_sub(K.sign(gradient) * self.learning_rate)

    v = K.variable([1.0, 1.0])
    optimizer = Sign()
    step = compiled_step(optimizer, [v])
    step([[5.0, -5.0]])
    step([[5.0, 0.0]])
    np.testing.assert_allclose(v.numpy(), [0.8, 1.1], rtol=1e-6)
    assert optimizer.counts[0].numpy().tolist() == [2.0, 2.0]


def test_which_form_a_config_means():
    read = optimizers.deserialize
    assert type(read({"class_name": "adam", "config": {}})) is optimizers.Adam
    assert type(read({"class_name": "Custom>Adam", "config": {"is_legacy_optimizer": False}})) is optimizers.Adam
    assert type(read({"class_name": "Adam", "config": {"learning_rate": 0.1, "decay": 0.0}})) is legacy.Adam
    assert type(read({"class_name": "SGD", "config": {"lr": 0.1, "nesterov": True}})) is legacy.SGD
    assert type(read({"module": "keras.optimizers.legacy", "class_name": "SGD", "config": {}})) is legacy.SGD
    assert type(optimizers.get("rmsPROP")) is optimizers.RMSprop
    assert optimizers.serialize(optimizers.Adam(), use_legacy_format=True)["class_name"] == "Custom>Adam"
    assert optimizers.serialize(legacy.Adam(), use_legacy_format=True)["class_name"] == "Adam"


def test_errors():
    with pytest.raises(ValueError, match="Unknown optimizer: 'adamm'"):
        optimizers.get("adamm")
    with pytest.raises(ValueError, match="expected a name"):
        optimizers.get(3)
    with pytest.raises(ValueError, match="give clipnorm or global_clipnorm, not both"):
        optimizers.Adam(clipnorm=1.0, global_clipnorm=1.0)
    with pytest.raises(ValueError, match="expected clipvalue of at least 0, got -1"):
        legacy.SGD(clipvalue=-1)
    with pytest.raises(ValueError, match="no gradients for any variable"):
        optimizers.SGD().apply_gradients([(None, K.variable(1.0))])
    with pytest.raises(TypeError, match=r"unexpected arguments \['momentun'\]"):
        optimizers.SGD(momentun=0.9)
    with pytest.raises(ValueError, match=r"expected 1 arrays, got 3. Call build"):
        optimizers.Adam().set_weights([0, 1, 2])
    with pytest.raises(ValueError, match=r"expected 2 boundaries for 3 values, got 1"):
        schedules.PiecewiseConstantDecay([1], [1.0, 2.0, 3.0])


def test_keras_2_3_files_hold_an_unused_vhat():
    optimizer = legacy.Adam()
    optimizer.build([K.variable([0.0])])
    optimizer.set_weights([np.array(7), np.array([1.0]), np.array([2.0]), np.zeros(1)])
    assert [w.tolist() for w in optimizer.get_weights()] == [7, [1.0], [2.0]]
