"""Functions of `backend` whose meaning is in their details: recurrence, normalisation, resizing, products, choices."""

import numpy as np


def _array(seed, *shape):
    return np.random.default_rng(seed).normal(size=shape).astype("float32")


RECURRENCES = {
    "plain": {},
    "backwards": {"go_backwards": True},
    "unrolled": {"unroll": True},
    "last only": {"return_all_outputs": False},
    "masked": {"mask": "mask"},
    "masked thin": {"mask": "mask", "thin": True},
    "masked unrolled": {"mask": "mask", "unroll": True},
    "masked backwards": {"mask": "mask", "go_backwards": True},
    "masked zeros": {"mask": "mask", "zero_output_for_mask": True},
    "masked zeros unrolled": {"mask": "mask", "zero_output_for_mask": True, "unroll": True},
    "masked last only": {"mask": "mask", "return_all_outputs": False},
    "lengths": {"input_length": [4, 2, 3]},
    "lengths backwards": {"input_length": [4, 2, 3], "go_backwards": True},
    "lengths zeros": {"input_length": [1, 4, 2], "zero_output_for_mask": True},
    "short lengths backwards": {"input_length": [1, 2, 2], "go_backwards": True},
    "number as length": {"input_length": 4},
    "time major": {"time_major": True},
    "time major masked": {"time_major": True, "mask": "mask", "go_backwards": True},
    "constants": {"constants": True},
}


def _step(K, kernel, recurrent):
    """A cell with two states of different size, and constants after them where there are any."""

    def step(x, states):
        hidden, count, *constants = states
        new = K.backend.tanh(K.backend.dot(x, kernel) + K.backend.dot(hidden, recurrent) + count * 0.1)
        for constant in constants:
            new = new + constant
        return new * 2.0, [new, count + 1.0]

    return step


def recurrence(K, gradient):
    """rnn: last output, outputs, states and the gradient for the inputs."""
    B = K.backend
    x, kernel, recurrent = _array(0, 3, 4, 2), _array(1, 2, 5), _array(2, 5, 5)
    mask = np.array([[1, 1, 0, 1], [0, 1, 1, 0], [1, 0, 0, 0]], bool)
    step = _step(K, B.constant(kernel), B.constant(recurrent))
    results = {}
    for name, settings in RECURRENCES.items():
        settings = dict(settings)
        major = settings.get("time_major", False)
        if "mask" in settings:
            given = mask.T if major else mask
            settings["mask"] = B.constant(given if settings.pop("thin", False) else given[..., None], dtype="bool")
        if isinstance(settings.get("input_length"), list):
            settings["input_length"] = B.constant(settings["input_length"], dtype="int32")
        if "constants" in settings:
            settings["constants"] = [B.constant(_array(3, 3, 5)), B.constant(_array(4, 1, 5))]
        states = [B.constant(_array(5, 3, 5)), B.constant(_array(6, 3, 1))]
        data = x.swapaxes(0, 1).copy() if major else x

        def run(inputs, states=states, settings=settings):
            return B.rnn(step, inputs, states, **settings)

        last, outputs, new_states = run(B.constant(data))
        results |= {f"{name}.last": last, f"{name}.outputs": outputs}
        results |= {f"{name}.state{i}": state for i, state in enumerate(new_states)}

        def total(inputs, run=run, last=tuple(last.shape), outputs=tuple(outputs.shape)):
            first, second, (state, _) = run(inputs)
            return B.sum(first * _array(7, *last)) + B.sum(second * _array(8, *outputs)) + B.sum(state)

        results[f"{name}.gradient"] = gradient(total, data)
    return {name: np.asarray(value) for name, value in results.items()}


def normalization(K, gradient):
    """Batch normalisation in every layout, with the gradient through the batch's statistics."""
    B = K.backend
    results = {}
    for name, shape, axes in (
        ("rows", (6, 3), [0]),
        ("sequences", (4, 5, 3), [0, 1]),
        ("images", (2, 4, 5, 3), [0, 1, 2]),
    ):
        x, gamma, beta = _array(10, *shape), _array(11, 3), _array(12, 3)
        for scaled in (True, False):
            given = (B.constant(gamma), B.constant(beta)) if scaled else (None, None)
            label = f"{name} {'scaled' if scaled else 'plain'}"
            parts = B.normalize_batch_in_training(B.constant(x), *given, axes, epsilon=0.01)
            results |= {f"{label}.{i}": part for i, part in enumerate(parts)}
            tilt = _array(13, *shape)
            results[f"{label}.gradient"] = gradient(
                lambda p, given=given, axes=axes, tilt=tilt: B.normalize_batch_in_training(p, *given, axes)[0] * tilt, x
            )
        statistics = [B.constant(v) for v in (_array(14, 3), np.abs(_array(15, 3)), beta, gamma)]
        results[f"{name} given"] = B.batch_normalization(B.constant(x), *statistics, epsilon=0.01)
    first = _array(16, 2, 3, 4)
    parts = B.normalize_batch_in_training(B.constant(first), B.constant(gamma), B.constant(beta), [0, 2])
    results |= {f"middle.{i}": part for i, part in enumerate(parts)}
    return {name: np.asarray(value) for name, value in results.items()}


def layouts(K, gradient):
    """Resizing, biases, products, selections and folds."""
    B = K.backend
    x = _array(20, 2, 3, 4, 5)
    image = B.constant(x)
    results = {}
    for data_format in ("channels_last", "channels_first"):
        for kind in ("nearest", "bilinear"):
            results[f"resize {data_format} {kind}"] = B.resize_images(image, 3, 2, data_format, interpolation=kind)
            tilt = _array(21, *results[f"resize {data_format} {kind}"].shape)
            results[f"resize {data_format} {kind}.gradient"] = gradient(
                lambda p, f=data_format, k=kind, tilt=tilt: B.resize_images(p, 3, 2, f, interpolation=k) * tilt, x
            )
        first = data_format == "channels_first"
        channels, bias = (3, (4, 5, 3)) if first else (5, (3, 4, 5))
        results[f"bias {data_format}"] = B.bias_add(image, B.constant(_array(22, channels)), data_format)
        results[f"bias of all {data_format}"] = B.bias_add(image, B.constant(_array(23, *bias)), data_format)
        kernel = B.constant(_array(24, 2 * 2, (2 * 3) * channels, 3))
        if first:  # rows and columns are 4 and 5
            kernel = B.constant(_array(24, 3 * 2, (2 * 2) * channels, 3))
            local = B.local_conv2d(image, kernel, (2, 2), (1, 2), (3, 2), data_format)
        else:
            local = B.local_conv2d(image, kernel, (2, 3), (1, 1), (2, 2), data_format)
        results[f"local {data_format}"] = local
    results["dot"] = B.dot(image, B.constant(_array(25, 2, 5, 3)))
    results["batch_dot"] = B.batch_dot(image, B.constant(_array(26, 2, 6, 4)), axes=(2, 2))
    scores = B.constant([[0.1, 0.9, 0.9, 0.2], [0.4, 0.3, 0.2, np.nan], [1.0, 0.5, 2.0, 0.0], [1.0, 0.5, 2.0, 0.0]])
    for k in (1, 2, 3):
        results[f"in_top_k {k}"] = B.in_top_k(scores, B.constant([1, 0, 1, 0], dtype="int32"), k)
    results["switch rows"] = B.switch(B.greater(image[:, 0, :, 0], 0.0), image[:, 0], -image[:, 0])
    results["foldl"] = B.foldl(lambda total, part: total * 0.5 + part, image)
    results["foldr"] = B.foldr(
        lambda total, part: total * 0.5 + part, image, initializer=B.constant(_array(27, 3, 4, 5))
    )
    results["map_fn"] = B.map_fn(lambda part: B.sum(part, axis=0) * 2.0, image)
    results["l2_normalize"] = B.l2_normalize(image, axis=1)
    moving = B.variable(x)
    results["moving average"] = B.eval(B.moving_average_update(moving, B.constant(_array(28, *x.shape)), 0.9))
    return {name: np.asarray(value) for name, value in results.items()}


def along_axis(K, gradient):
    """Cumulative sums and products, beside zeros too."""
    B = K.backend
    x = _array(30, 3, 4, 5)
    x[1, 2] = 0.0
    results = {}
    for name in ("cumsum", "cumprod"):
        for axis in (0, 1, -1):
            results[f"{name} {axis}"] = getattr(B, name)(B.constant(x), axis=axis)
        nonzero = np.where(x == 0, np.float32(0.5), x)  # tf's gradient of cumprod is NaN beside zeros
        tilt = _array(31, *x.shape)
        results[f"{name}.gradient"] = gradient(lambda p, name=name, t=tilt: getattr(B, name)(p, axis=1) * t, nonzero)
    return {name: np.asarray(value) for name, value in results.items()}


def ctc(K, gradient):
    """CTC: loss, gradient, both decodings."""
    B = K.backend
    scores = _array(40, 4, 9, 5) * 1.5
    y = (np.exp(scores) / np.exp(scores).sum(-1, keepdims=True)).astype("float32")
    labels = np.array([[0, 1, 1], [2, 0, 3], [3, 3, 0], [1, 0, 0]])
    steps, counts = np.array([9, 7, 9, 4]), np.array([3, 3, 2, 1])

    def lengths(numbers):
        return B.constant(numbers[:, None], dtype="int32")

    def loss(p):
        return B.ctc_batch_cost(B.constant(labels, dtype="int32"), p, lengths(steps), lengths(counts))

    results = {"loss": loss(B.constant(y)), "gradient": gradient(lambda p: loss(p) * np.float32(0.5), y)}
    given = (B.constant(y), B.constant(steps, dtype="int32"))
    decoded, score = B.ctc_decode(*given)
    results |= {"greedy": decoded[0], "greedy score": score}
    # Wide enough that nothing is pruned: tf's order of pruning differs in the last candidates of a narrow beam.
    given = (B.constant(y[:, :5, 1:] / y[:, :5, 1:].sum(-1, keepdims=True)), B.constant([5, 4, 5, 2], dtype="int32"))
    for width, paths in ((400, 3), (1, 1)):
        # tf_keras has no merge_repeated: it always merges
        merging = {"merge_repeated": True} if B.backend() == "nnstack" else {}
        decoded, score = B.ctc_decode(*given, greedy=False, beam_width=width, top_paths=paths, **merging)
        results |= {f"search {width}.{i}": part for i, part in enumerate(decoded)}
        results[f"search {width} score"] = score
    return {name: np.asarray(value) for name, value in results.items()}


ALL = (recurrence, normalization, layouts, along_axis, ctc)
