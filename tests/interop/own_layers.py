"""Layers as programs define them, for either library: name -> (a function module -> layer class, arguments, shapes)."""

from collections.abc import Callable
from typing import Any, NamedTuple

LAYERS: dict[str, "Own"] = {}


class Own(NamedTuple):
    """define(k) gives the class. shapes: of the inputs, without the batch. masked: a mask comes in."""

    define: Callable[[Any], Any]
    args: tuple[Any, ...]
    shapes: list[tuple[int, ...]]
    masked: bool = False


def own(*shapes: tuple[int, ...], args: tuple[Any, ...] = (), masked: bool = False) -> Callable[[Any], Any]:
    def add(define: Callable[[Any], Any]) -> Any:
        LAYERS[define.__name__] = Own(define, args, list(shapes), masked)
        return define

    return add


@own((5, 4), masked=True)
def attention_over_steps(k: Any) -> Any:
    K = k.backend

    class AttentionOverSteps(k.layers.Layer):
        def __init__(self, step_axis=1, **kwargs):
            self.supports_masking = True
            self.step_axis = step_axis
            super().__init__(**kwargs)

        def build(self, input_shape):
            self.W = self.add_weight(name="W", shape=(input_shape[-1], 1), initializer="glorot_uniform", trainable=True)
            self.b = self.add_weight(name="b", shape=(input_shape[1], 1), initializer="zero", regularizer="l2")
            super().build(input_shape)

        def call(self, x, mask=None):
            scores = K.squeeze(K.tanh(K.dot(x, self.W) + self.b), axis=-1)
            weights = K.exp(scores)
            if mask is not None:
                weights *= K.cast(mask, K.floatx())
            weights /= K.cast(K.sum(weights, axis=1, keepdims=True) + K.epsilon(), K.floatx())
            return K.sum(x * K.expand_dims(weights), axis=self.step_axis)

        def compute_mask(self, inputs, mask=None):
            return None

        def compute_output_shape(self, input_shape):
            return (input_shape[0], input_shape[-1])

        def get_config(self):
            return dict(super().get_config(), step_axis=self.step_axis)

    return AttentionOverSteps


@own((6, 4), args=(3, 2))
def capsules(k: Any) -> Any:
    K = k.backend

    def squash(x, axis=-1):
        norm = K.sum(K.square(x), axis, keepdims=True) + K.epsilon()
        return K.sqrt(norm) / (0.5 + norm) * x

    class Capsules(k.layers.Layer):
        def __init__(self, count, size, routings=3, **kwargs):
            super().__init__(**kwargs)
            self.count, self.size, self.routings = count, size, routings

        def build(self, input_shape):
            super().build(input_shape)
            self.W = self.add_weight("kernel", (1, input_shape[-1], self.count * self.size), initializer="uniform")

        def call(self, u):
            batch, steps = K.shape(u)[0], K.shape(u)[1]
            hats = K.reshape(K.conv1d(u, self.W), (batch, steps, self.count, self.size))
            hats = K.permute_dimensions(hats, (0, 2, 1, 3))
            b = K.zeros_like(hats[:, :, :, 0])
            for turn in range(self.routings):
                c = K.permute_dimensions(K.softmax(K.permute_dimensions(b, (0, 2, 1))), (0, 2, 1))
                outputs = squash(K.sum(K.expand_dims(c, -1) * hats, axis=2))
                if turn < self.routings - 1:
                    b += K.sum(K.expand_dims(outputs, 2) * hats, axis=-1)
            return outputs

        def compute_output_shape(self, input_shape):
            return (None, self.count, self.size)

        def get_config(self):
            return {**super().get_config(), "count": self.count, "size": self.size, "routings": self.routings}

    return Capsules


@own((4, 4, 3), args=(1e-3,))
def instance_normalization(k: Any) -> Any:
    K = k.backend

    class InstanceNormalization(k.layers.Layer):
        def __init__(self, epsilon, axis=-1, beta_initializer="zeros", **kwargs):
            super().__init__(**kwargs)
            self.epsilon, self.axis = epsilon, axis
            self.beta_initializer = k.initializers.get(beta_initializer)

        def build(self, input_shape):
            ndim = len(input_shape)
            dim = input_shape[self.axis]
            self.input_spec = k.layers.InputSpec(ndim=ndim)
            self.gamma = self.add_weight(shape=(dim,), name="gamma", initializer="ones", constraint="non_neg")
            self.beta = self.add_weight(shape=(dim,), name="beta", initializer=self.beta_initializer)
            self.built = True

        def call(self, inputs, training=None):
            shape = K.int_shape(inputs)
            axes = list(range(1, len(shape)))
            del axes[self.axis]
            mean = K.mean(inputs, axes, keepdims=True)
            stddev = K.std(inputs, axes, keepdims=True) + self.epsilon
            normed = (inputs - mean) / stddev
            wide = [1] * len(shape)
            wide[self.axis] = shape[self.axis]
            return normed * K.reshape(self.gamma, wide) + K.reshape(self.beta, wide)

        def get_config(self):
            config = {"epsilon": self.epsilon, "axis": self.axis}
            config["beta_initializer"] = k.initializers.serialize(self.beta_initializer)
            base = super().get_config()
            return dict(list(base.items()) + list(config.items()))

    return InstanceNormalization


@own((4,))
def divergence(k: Any) -> Any:
    K = k.backend

    class Divergence(k.layers.Layer):
        def __init__(self, *args, **kwargs):
            self.is_placeholder = True
            super().__init__(*args, **kwargs)
            self.dense = k.layers.Dense(3)
            self.spread = k.layers.Dense(3, kernel_initializer="zeros")

        def call(self, inputs):
            mean, log_variance = self.dense(inputs), self.spread(inputs)
            loss = -0.5 * K.sum(1 + log_variance - K.square(mean) - K.exp(log_variance), axis=-1)
            self.add_loss(K.mean(loss))
            self.add_metric(K.mean(loss), name="divergence", aggregation="mean")
            return mean

        def compute_output_shape(self, input_shape):
            return (input_shape[0], 3)

    return Divergence


@own((3,))
def running_mean(k: Any) -> Any:
    K = k.backend

    class RunningMean(k.layers.Layer):
        def build(self, input_shape):
            self.mean = self.add_weight("mean", shape=(input_shape[-1],), initializer="zeros", trainable=False)
            self.scale = self.add_weight("scale", shape=(), initializer="ones")
            self.built = True

        def call(self, inputs, training=None):
            mean = K.mean(inputs, axis=0)
            self.add_update([K.moving_average_update(self.mean, mean, 0.5)])
            return K.in_train_phase(inputs - mean, inputs - self.mean, training=training) * self.scale

    return RunningMean


@own((6,), args=([4, 3],))
def residual_blocks(k: Any) -> Any:
    class ResidualBlocks(k.layers.Layer):
        """Layers in lists and dicts, one of them made in build."""

        def __init__(self, widths, activation="relu", **kwargs):
            super().__init__(**kwargs)
            self.widths = widths
            self.activation = k.activations.get(activation)
            self.blocks = [k.layers.Dense(width, activation="tanh") for width in widths]
            self.named = {"gate": k.layers.Dense(1, activation="sigmoid")}

        def build(self, input_shape):
            self.back = k.layers.Dense(input_shape[-1], use_bias=False)
            self.factor = self.add_weight("factor", shape=[1], initializer=k.initializers.Constant(0.5))
            super().build(input_shape)

        def call(self, inputs, training=False):
            x = inputs
            for block in self.blocks:
                x = block(x)
            return self.activation(inputs + self.factor * self.back(x) * self.named["gate"](inputs))

        def get_config(self):
            config = super().get_config()
            config.update({"widths": self.widths, "activation": k.activations.serialize(self.activation)})
            return config

    return ResidualBlocks


@own((4, 4), (4, 3), args=(2,))
def graph_convolution(k: Any) -> Any:
    K = k.backend

    class GraphConvolution(k.layers.Layer):
        def __init__(self, units, activation="relu", kernel_regularizer="l2", **kwargs):
            if "input_shape" not in kwargs and "input_dim" in kwargs:
                kwargs["input_shape"] = (kwargs.pop("input_dim"),)
            super().__init__(**kwargs)
            self.units = units
            self.activation = k.activations.get(activation)
            self.kernel_regularizer = k.regularizers.get(kernel_regularizer)

        def build(self, input_shapes):
            features = input_shapes[1][-1]
            assert features is not None and len(input_shapes) == 2
            self.kernel = self.add_weight(
                shape=(features, self.units),
                initializer="he_normal",
                name="kernel",
                regularizer=self.kernel_regularizer,
            )
            self.bias = self.add_weight(shape=(self.units,), initializer="zeros", name="bias")
            self.built = True

        def call(self, inputs, **kwargs):
            adjacency, x = inputs
            return self.activation(K.bias_add(K.batch_dot(adjacency, K.dot(x, self.kernel)), self.bias))

        def compute_output_shape(self, input_shapes):
            return (*input_shapes[1][:-1], self.units)

        def get_config(self):
            own = {"units": self.units, "activation": k.activations.serialize(self.activation)}
            own["kernel_regularizer"] = k.regularizers.serialize(self.kernel_regularizer)
            return {**super().get_config(), **own}

    return GraphConvolution


@own((4,), args=(5,))
def radial_basis(k: Any) -> Any:
    K = k.backend

    class RadialBasis(k.layers.Layer):
        def __init__(self, units, gamma=0.5, **kwargs):
            super().__init__(**kwargs)
            self.units, self.gamma = units, K.cast_to_floatx(gamma)

        def build(self, input_shape):
            self.mu = self.add_weight(name="mu", shape=(int(input_shape[1]), self.units), initializer="uniform")
            super().build(input_shape)

        def call(self, inputs):
            distance = K.expand_dims(inputs) - self.mu
            return K.exp(-1 * self.gamma * K.sum(K.pow(distance, 2), axis=1))

        def compute_output_shape(self, input_shape):
            return (input_shape[0], self.units)

        def get_config(self):
            return {**super().get_config(), "units": self.units, "gamma": float(self.gamma)}

    return RadialBasis


@own((6, 8))
def positions(k: Any) -> Any:
    K = k.backend

    class Positions(k.layers.Layer):
        def call(self, x):
            steps, size = K.shape(x)[1], K.int_shape(x)[-1]
            rates = 1.0 / K.pow(10000.0, 2 * K.arange(size // 2, dtype="float32") / size)
            at = K.cumsum(K.ones_like(x[:, :, 0]), 1) - 1
            angles = K.dot(K.expand_dims(at, 2), K.expand_dims(rates, 0))
            assert steps is not None
            return x + K.concatenate([K.sin(angles), K.cos(angles)], 2)

        def compute_output_shape(self, input_shape):
            return input_shape

    return Positions


@own((2, 3, 8), args=(2,))
def pixel_shuffle(k: Any) -> Any:
    K = k.backend

    class PixelShuffle(k.layers.Layer):
        def __init__(self, r, **kwargs):
            self.r = r
            super().__init__(**kwargs)

        def call(self, x):
            batch = K.shape(x)[0]
            rows, cols, channels = K.int_shape(x)[1:]
            out = channels // self.r**2
            y = K.reshape(x, [batch, rows, cols, self.r, self.r, out])
            y = K.permute_dimensions(y, (0, 1, 3, 2, 4, 5))
            return K.reshape(y, [-1, rows * self.r, cols * self.r, out])

        def compute_output_shape(self, s):
            return (s[0], s[1] * self.r, s[2] * self.r, s[3] // self.r**2)

        def get_config(self):
            return {**super().get_config(), "r": self.r}

    return PixelShuffle


@own((4,), (4,), (4,))
def triplets(k: Any) -> Any:
    K = k.backend

    class Triplets(k.layers.Layer):
        def __init__(self, margin=0.4, **kwargs):
            self.margin = margin
            super().__init__(**kwargs)

        def call(self, inputs):
            anchor, positive, negative = (K.l2_normalize(one, axis=-1) for one in inputs)
            near = K.sum(K.square(anchor - positive), axis=-1)
            far = K.sum(K.square(anchor - negative), axis=-1)
            loss = K.sum(K.maximum(near - far + self.margin, 0), axis=0)
            self.add_loss(loss)
            return K.stack([near, far], axis=1)

        def get_config(self):
            return {**super().get_config(), "margin": self.margin}

    return Triplets


@own((5, 4), args=(3,), masked=True)
def minimal_recurrence(k: Any) -> Any:
    K = k.backend

    class MinimalRecurrence(k.layers.Layer):
        """A loop of K.rnn inside a layer."""

        def __init__(self, units, **kwargs):
            super().__init__(**kwargs)
            self.units = units
            self.supports_masking = True

        def build(self, input_shape):
            self.kernel = self.add_weight("kernel", (input_shape[-1], 2 * self.units))
            self.built = True

        def call(self, x, mask=None):
            def step(inputs, states):
                gate, value = inputs[:, : self.units], inputs[:, self.units :]
                gate = K.hard_sigmoid(gate)
                new = gate * states[0] + (1 - gate) * K.tanh(value)
                return new, [new]

            start = K.zeros_like(K.dot(x[:, 0], self.kernel)[:, : self.units])
            last, sequence, _ = K.rnn(step, K.dot(x, self.kernel), [start], mask=mask)
            return sequence + K.expand_dims(last, 1)

        def compute_mask(self, inputs, mask=None):
            return mask

        def compute_output_shape(self, input_shape):
            return (*input_shape[:2], self.units)

        def get_config(self):
            return {**super().get_config(), "units": self.units}

    return MinimalRecurrence


@own((5, 5, 2))
def squeeze_and_excite(k: Any) -> Any:
    L = k.layers

    class SqueezeAndExcite(L.Layer):
        def __init__(self, ratio=2, **kwargs):
            super().__init__(**kwargs)
            self.ratio = ratio

        def build(self, input_shape):
            channels = input_shape[-1]
            self.pool = L.GlobalAveragePooling2D()
            self.path = k.Sequential([L.Dense(channels // self.ratio, "relu"), L.Dense(channels, "sigmoid")])
            self.conv = L.Conv2D(channels, 3, padding="same")
            self.norm = L.BatchNormalization()

        def call(self, inputs, training=None):
            x = self.norm(self.conv(inputs), training=training)
            gate = L.Reshape((1, 1, inputs.shape[-1]))(self.path(self.pool(x)))
            return L.Multiply()([x, gate])

        def get_config(self):
            return {**super().get_config(), "ratio": self.ratio}

    return SqueezeAndExcite


@own((6,), args=(4, 3))
def discrimination(k: Any) -> Any:
    K = k.backend

    class Discrimination(k.layers.Layer):
        def __init__(self, nb_kernels, kernel_dim, init="glorot_uniform", W_regularizer=None, **kwargs):
            self.init = k.initializers.get(init)
            self.nb_kernels, self.kernel_dim = nb_kernels, kernel_dim
            self.W_regularizer = k.regularizers.get(W_regularizer)
            self.input_dim = None
            super().__init__(**kwargs)

        def build(self, input_shape):
            assert len(input_shape) == 2
            self.input_dim = input_shape[1]
            self.W = self.add_weight(
                name="W", shape=(self.nb_kernels, self.input_dim, self.kernel_dim), initializer=self.init,
                regularizer=self.W_regularizer,
            )  # fmt: skip
            self.built = True

        def call(self, x, mask=None):
            activation = K.reshape(K.dot(x, self.W), (-1, self.nb_kernels, self.kernel_dim))
            diffs = K.expand_dims(activation, 3) - K.expand_dims(K.permute_dimensions(activation, [1, 2, 0]), 0)
            features = K.sum(K.exp(-K.sum(K.abs(diffs), axis=2)), axis=2)
            return K.concatenate([x, features], 1)

        def compute_output_shape(self, input_shape):
            return input_shape[0], input_shape[1] + self.nb_kernels

        def get_config(self):
            own = {"nb_kernels": self.nb_kernels, "kernel_dim": self.kernel_dim}
            own["init"] = k.initializers.serialize(self.init)
            return {**super().get_config(), **own}

    return Discrimination


@own((4,))
def shared_gate(k: Any) -> Any:
    class SharedGate(k.layers.Dense):
        """A subclass of a layer of Keras, which asks its own parent for the product."""

        def __init__(self, units=4, **kwargs):
            super().__init__(units, **kwargs)

        def build(self, input_shape):
            super().build(input_shape)
            self.tau = self.add_weight(shape=(), initializer="ones", name="tau", dtype="float32")

        def call(self, inputs, *args, **kwargs):
            gate = k.activations.sigmoid(super().call(inputs) / self.tau)
            return k.backend.switch(k.backend.greater(gate, 0.5), inputs * gate, inputs * 0.1)

    return SharedGate
