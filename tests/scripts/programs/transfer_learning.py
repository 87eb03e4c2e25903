import tensorflow as tf
from samples import images, seed
from tensorflow import keras
from tensorflow.keras import layers

keras.utils.set_random_seed(seed())
(x_train, y_train), (x_test, y_test) = images(1000, 400)
x_train, x_test = x_train[..., None], x_test[..., None]
low, high = y_train < 5, y_train >= 5

# A base learns the digits 0 to 4 ...
base = keras.Sequential(
    [
        layers.Rescaling(1.0 / 255, input_shape=x_train.shape[1:]),
        layers.Conv2D(8, 3, activation="relu"),
        layers.MaxPooling2D(),
        layers.Conv2D(16, 2, activation="relu"),
        layers.Flatten(),
    ],
    name="base",
)
first = keras.Sequential([base, layers.Dense(5, activation="softmax")])
first.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
first.fit(x_train[low], y_train[low], epochs=4, verbose=0)

# ... and is frozen under a new head for 5 to 9.
base.trainable = False
before = [w.copy() for w in base.get_weights()]
inputs = keras.Input(shape=x_train.shape[1:])
x = base(inputs, training=False)
x = layers.Dropout(0.2)(x)
outputs = layers.Dense(5)(x)
model = keras.Model(inputs, outputs)
assert len(model.trainable_weights) == 2 and len(model.non_trainable_weights) == 4
model.compile(
    optimizer=keras.optimizers.Adam(0.005),
    loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True),
    metrics=[keras.metrics.SparseCategoricalAccuracy(name="accuracy")],
)
train = tf.data.Dataset.from_tensor_slices((x_train[high], y_train[high] - 5)).cache().shuffle(500).batch(32)
test = (
    tf.data.Dataset.from_tensor_slices((x_test, y_test))
    .filter(lambda x, y: y >= 5)
    .map(lambda x, y: (x, y - 5))
    .batch(32)
)
model.fit(train, epochs=5, verbose=0)
assert all((new == old).all() for new, old in zip(base.get_weights(), before))

# Fine tuning: everything learns, slowly.
base.trainable = True
model.compile(keras.optimizers.Adam(1e-4), keras.losses.SparseCategoricalCrossentropy(from_logits=True), ["accuracy"])
model.fit(train, epochs=1, verbose=0, validation_data=test)
print("accuracy:", model.evaluate(test, verbose=0)[1])
