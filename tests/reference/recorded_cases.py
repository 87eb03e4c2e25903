"""What the numbers in `values.npz` are: small computations written with the public Keras 2 API alone.

`make.py` runs them with tf_keras and stores the results; the tests run them with nnstack. Each function gives
{name: array}. `K` is the library, `gradient(f, x)` its way to d sum(f(x)) / dx for an array x.
"""

import numpy as np

LOSSES = {
    "MeanSquaredError": ("regression", {}),
    "MeanAbsoluteError": ("regression", {}),
    "MeanAbsolutePercentageError": ("regression", {}),
    "MeanSquaredLogarithmicError": ("positive", {}),
    "LogCosh": ("regression", {}),
    "Huber": ("regression", {"delta": 0.5}),
    "CosineSimilarity": ("regression", {}),
    "Poisson": ("positive", {}),
    "KLDivergence": ("distribution", {}),
    "Hinge": ("signs", {}),
    "SquaredHinge": ("binary", {}),
    "CategoricalHinge": ("onehot", {}),
    "CategoricalCrossentropy": ("onehot", {}),
    "CategoricalCrossentropy smoothed": ("onehot", {"label_smoothing": 0.1}),
    "CategoricalCrossentropy logits": ("onehot logits", {"from_logits": True}),
    "SparseCategoricalCrossentropy": ("sparse", {}),
    "SparseCategoricalCrossentropy logits": ("sparse logits", {"from_logits": True}),
    "SparseCategoricalCrossentropy ignore": ("sparse", {"ignore_class": 1}),
    "BinaryCrossentropy": ("binary", {}),
    "BinaryCrossentropy smoothed": ("binary", {"label_smoothing": 0.2}),
    "BinaryCrossentropy logits": ("binary logits", {"from_logits": True}),
    "BinaryFocalCrossentropy": ("binary", {"apply_class_balancing": True}),
    "CategoricalFocalCrossentropy": ("onehot", {}),
}

METRICS = {
    "Accuracy": ("labels", {}),
    "BinaryAccuracy": ("binary", {"threshold": 0.4}),
    "CategoricalAccuracy": ("onehot", {}),
    "SparseCategoricalAccuracy": ("sparse", {}),
    "TopKCategoricalAccuracy": ("onehot", {"k": 2}),
    "SparseTopKCategoricalAccuracy": ("sparse", {"k": 2}),
    "MeanSquaredError": ("regression", {}),
    "RootMeanSquaredError": ("regression", {}),
    "MeanAbsoluteError": ("regression", {}),
    "MeanAbsolutePercentageError": ("regression", {}),
    "MeanSquaredLogarithmicError": ("positive", {}),
    "CosineSimilarity": ("regression", {}),
    "LogCoshError": ("regression", {}),
    "Poisson": ("positive", {}),
    "KLDivergence": ("distribution", {}),
    "Hinge": ("signs", {}),
    "SquaredHinge": ("signs", {}),
    "CategoricalHinge": ("onehot", {}),
    "BinaryCrossentropy": ("binary", {}),
    "CategoricalCrossentropy": ("onehot", {"label_smoothing": 0.1}),
    "SparseCategoricalCrossentropy": ("sparse", {}),
}

NEW_OPTIMIZERS = {
    "SGD": {},
    "SGD momentum": {"momentum": 0.9, "weight_decay": 0.01},
    "SGD nesterov": {"momentum": 0.8, "nesterov": True, "clipvalue": 0.5},
    "RMSprop": {"learning_rate": 0.01},
    "RMSprop centered": {"rho": 0.8, "momentum": 0.7, "centered": True},
    "Adam": {"learning_rate": 0.02},
    "Adam amsgrad": {"amsgrad": True, "clipnorm": 0.7},
    "Adam average": {"learning_rate": 0.1, "use_ema": True, "ema_momentum": 0.9, "ema_overwrite_frequency": 2},
    "AdamW": {"learning_rate": 0.05, "weight_decay": 0.1},
    "Adamax": {"learning_rate": 0.02},
    "Nadam": {"learning_rate": 0.02},
    "Adagrad": {"learning_rate": 0.1, "global_clipnorm": 0.9},
    "Adadelta": {"learning_rate": 1.0},
    "Ftrl": {"learning_rate": 0.1, "l1_regularization_strength": 0.01, "l2_regularization_strength": 0.02, "beta": 0.1},
    "Ftrl shrinkage": {"learning_rate_power": -0.7, "l2_shrinkage_regularization_strength": 0.01},
    "Lion": {"learning_rate": 0.01},
}

LEGACY_OPTIMIZERS = {
    "SGD": {"decay": 0.1},
    "SGD momentum": {"momentum": 0.9},
    "SGD nesterov": {"momentum": 0.8, "nesterov": True, "clipnorm": 0.9, "clipvalue": 0.5},
    "RMSprop": {"learning_rate": 0.01, "epsilon": 0.01},
    "RMSprop centered": {"rho": 0.8, "centered": True},
    "RMSprop momentum": {"momentum": 0.7, "epsilon": 0.01, "decay": 0.2},
    "RMSprop both": {"momentum": 0.7, "centered": True, "epsilon": 0.01},
    "Adam": {"learning_rate": 0.02, "decay": 0.01},
    "Adam amsgrad": {"amsgrad": True},
    "Adamax": {"learning_rate": 0.02},
    "Nadam": {"learning_rate": 0.02},
    "Adagrad": {"learning_rate": 0.1, "epsilon": 0.01, "global_clipnorm": 0.9},
    "Adadelta": {"learning_rate": 1.0},
    "Ftrl": {"learning_rate": 0.1, "l1_regularization_strength": 0.01, "l2_regularization_strength": 0.02},
}

SCHEDULES = {
    "ExponentialDecay": {"initial_learning_rate": 0.1, "decay_steps": 3, "decay_rate": 0.6},
    "ExponentialDecay staircase": {
        "initial_learning_rate": 0.1,
        "decay_steps": 3,
        "decay_rate": 0.6,
        "staircase": True,
    },
    "InverseTimeDecay": {"initial_learning_rate": 0.1, "decay_steps": 3, "decay_rate": 0.6},
    "PiecewiseConstantDecay": {"boundaries": [2, 5], "values": [0.3, 0.2, 0.1]},
    "PolynomialDecay": {"initial_learning_rate": 0.1, "decay_steps": 4, "power": 1.5},
    "PolynomialDecay cycle": {"initial_learning_rate": 0.1, "decay_steps": 4, "cycle": True},
    "CosineDecay": {"initial_learning_rate": 0.1, "decay_steps": 6, "alpha": 0.1},
    "CosineDecay warmup": {
        "initial_learning_rate": 0.01,
        "decay_steps": 5,
        "warmup_target": 0.2,
        "warmup_steps": 3,
    },
    "CosineDecayRestarts": {"initial_learning_rate": 0.1, "first_decay_steps": 2, "m_mul": 0.8},
    "CosineDecayRestarts even": {"initial_learning_rate": 0.1, "first_decay_steps": 3, "t_mul": 1.0, "alpha": 0.2},
}

ACTIVATIONS = {
    "elu": {"alpha": 0.7},
    "exponential": {},
    "gelu": {},
    "gelu tanh": {"approximate": True},
    "hard_sigmoid": {},
    "linear": {},
    "mish": {},
    "relu": {},
    "relu all": {"alpha": 0.2, "max_value": 1.5, "threshold": 0.5},
    "selu": {},
    "sigmoid": {},
    "softmax": {},
    "softmax axis": {"axis": 1},
    "softplus": {},
    "softsign": {},
    "swish": {},
    "tanh": {},
}


def data(kind, seed, samples=6):
    """y_true and y_pred of a kind, as float32 (class numbers as int32)."""
    random = np.random.default_rng(seed)
    scores = random.normal(size=(samples, 4))
    shares = np.exp(scores) / np.exp(scores).sum(1, keepdims=True)
    classes = random.integers(0, 4, samples)
    truth, prediction = {
        "regression": (random.normal(size=(samples, 4)), scores),
        "positive": (random.uniform(0.1, 2, (samples, 4)), np.exp(scores)),
        "distribution": (random.dirichlet(np.ones(4), samples), shares),
        "signs": (random.choice([-1.0, 1.0], (samples, 4)), scores),
        "binary": (random.integers(0, 2, (samples, 4)), shares),
        "binary logits": (random.integers(0, 2, (samples, 4)), scores),
        "onehot": (np.eye(4)[classes], shares),
        "onehot logits": (np.eye(4)[classes], scores),
        "sparse": (classes, shares),
        "sparse logits": (classes, scores),
        "labels": (classes, random.integers(0, 4, samples)),
    }[kind]
    return truth.astype("int32" if kind.startswith("sparse") else "float32"), prediction.astype("float32")


def _make(module, name, settings):
    return getattr(module, name.split()[0])(**settings)


def losses(K, gradient):
    """Every loss without and with weights, in every reduction, and its gradient."""
    results = {}
    for seed, (name, (kind, settings)) in enumerate(LOSSES.items()):
        truth, prediction = data(kind, seed)
        weights = np.linspace(0.0, 1.0, len(truth)).astype("float32")
        loss = _make(K.losses, name, settings)
        results[f"{name}.mean"] = loss(truth, prediction)
        results[f"{name}.weighted"] = loss(truth, prediction, sample_weight=weights)
        results[f"{name}.none"] = _make(K.losses, name, {**settings, "reduction": "none"})(truth, prediction)
        results[f"{name}.sum"] = _make(K.losses, name, {**settings, "reduction": "sum"})(truth, prediction, weights)
        results[f"{name}.gradient"] = gradient(lambda p, loss=loss, truth=truth: loss(truth, p), prediction)
    return {name: np.asarray(value) for name, value in results.items()}


def metrics(K, gradient):
    """Every metric after each of two batches of different size, without and with weights."""
    results = {}
    for seed, (name, (kind, settings)) in enumerate(METRICS.items()):
        for weighted in (False, True):
            metric = _make(K.metrics, name, settings)
            for batch, samples in enumerate((5, 3)):
                truth, prediction = data(kind, 100 + 10 * seed + batch, samples)
                weights = np.linspace(0.1, 2.0, samples).astype("float32") if weighted else None
                metric.update_state(truth, prediction, sample_weight=weights)
                results[f"{name}.{'weighted' if weighted else 'plain'}.{batch}"] = np.asarray(metric.result())
    for name, weights in (("none", None), ("number", 0.5), ("rows", [1.0, 0.0]), ("all", [[1.0, 0.5], [0.0, 2.0]])):
        for kind in ("Mean", "Sum"):
            metric = _make(K.metrics, kind, {})
            metric.update_state(np.array([[1.0, 2.0], [3.0, 5.0]], "float32"), sample_weight=weights)
            results[f"{kind}.{name}"] = np.asarray(metric.result())
    return results


def _steps(K, optimizer, results, name):
    start = np.random.default_rng(1)
    first = K.backend.variable(start.normal(size=(3, 2)), name="dense/kernel")
    second = K.backend.variable(start.normal(size=(2,)), name="dense/bias")
    for step in range(4):
        random = np.random.default_rng(50 + step)
        pairs = [(K.backend.constant(random.normal(size=v.shape)), v) for v in (first, second)]
        optimizer.apply_gradients(pairs)
    for part, variable in (("kernel", first), ("bias", second)):
        results[f"{name}.{part}"] = K.backend.get_value(variable)


def optimizers(K, gradient):
    """Two variables after four steps of every optimizer, new and legacy, and of one with each schedule."""
    results = {}
    for name, settings in NEW_OPTIMIZERS.items():
        _steps(K, _make(K.optimizers, name, settings), results, name)
    for name, settings in LEGACY_OPTIMIZERS.items():
        _steps(K, _make(K.optimizers.legacy, name, settings), results, f"legacy {name}")
    for name, settings in SCHEDULES.items():
        schedule = _make(K.optimizers.schedules, name, settings)
        results[f"schedule {name}"] = np.array([float(schedule(step)) for step in range(12)])
        if name in ("ExponentialDecay", "CosineDecay warmup"):
            _steps(K, K.optimizers.SGD(schedule, momentum=0.5), results, f"SGD {name}")
            _steps(K, K.optimizers.legacy.Adam(schedule), results, f"legacy Adam {name}")
    return results


def activations(K, gradient):
    """Every activation and its derivative."""
    x = np.random.default_rng(7).normal(scale=2.0, size=(2, 3, 4)).astype("float32")
    x[0, 0] = [0.0, 0.5, -30.0, 30.0]
    tilt = np.random.default_rng(8).normal(size=x.shape).astype("float32")
    results = {}
    for name, settings in ACTIVATIONS.items():
        function = getattr(K.activations, name.split()[0])
        point = np.clip(x, -30, 5) if name == "exponential" else x
        results[name] = np.asarray(function(K.backend.constant(point), **settings))
        results[f"{name}.gradient"] = np.asarray(
            gradient(lambda p, function=function, settings=settings: function(p, **settings) * tilt, point)
        )
    return results


def projections(K, gradient):
    """Constraints and regularizers on one weight."""
    w = np.random.default_rng(9).normal(size=(3, 4)).astype("float32")
    kernel = np.random.default_rng(10).normal(size=(5, 5, 2, 3)).astype("float32")
    constraints = {
        "MaxNorm": {"max_value": 1.0},
        "MaxNorm axes": {"max_value": 0.5, "axis": [0, 1]},
        "NonNeg": {},
        "UnitNorm": {"axis": 1},
        "MinMaxNorm": {"min_value": 1.5, "max_value": 2.0, "rate": 0.7},
    }
    results = {
        name: _make(K.constraints, name, settings)(K.backend.constant(w)) for name, settings in constraints.items()
    }
    results["RadialConstraint"] = K.constraints.RadialConstraint()(K.backend.constant(kernel))
    regularizers = {
        "L1": {"l1": 0.1},
        "L2": {"l2": 0.2},
        "L1L2": {"l1": 0.1, "l2": 0.2},
        "OrthogonalRegularizer": {"factor": 0.3},
        "OrthogonalRegularizer columns": {"factor": 0.3, "mode": "columns"},
    }
    for name, settings in regularizers.items():
        results[name] = _make(K.regularizers, name, settings)(K.backend.constant(w))
    return {name: np.asarray(value) for name, value in results.items()}


ALL = (losses, metrics, optimizers, activations, projections)
