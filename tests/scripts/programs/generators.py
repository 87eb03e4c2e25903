import numpy as np
import tensorflow as tf
from samples import images, seed
from tensorflow.keras.layers import Dense
from tensorflow.keras.models import Sequential
from tensorflow.keras.utils import Sequence, set_random_seed

set_random_seed(seed())
(x_train, y_train), (x_test, y_test) = images(1200)


class Digits(Sequence):
    def __init__(self, x, y, batch_size):
        super().__init__()
        self.x, self.y, self.batch_size = x, y, batch_size

    def __len__(self):
        return int(np.ceil(len(self.x) / float(self.batch_size)))

    def __getitem__(self, idx):
        part = slice(idx * self.batch_size, (idx + 1) * self.batch_size)
        batch = self.x[part].astype("float32") / 255
        return batch.reshape(len(batch), -1), self.y[part]


def endless(x, y, batch_size):
    while True:
        rows = np.random.randint(0, len(x), batch_size)
        yield x[rows].reshape(batch_size, -1) / 255.0, y[rows]


width = int(np.prod(x_train.shape[1:]))
model = Sequential([Dense(100, activation="relu", input_dim=width), Dense(10, activation="softmax")])
model.compile(loss="sparse_categorical_crossentropy", optimizer="adam", metrics=["accuracy"])
model.fit(Digits(x_train, y_train, 32), epochs=5, verbose=0, validation_data=Digits(x_test, y_test, 100))
model.fit(endless(x_train, y_train, 32), steps_per_epoch=40, epochs=3, verbose=0)


def rows():
    for image, label in zip(x_train, y_train):
        yield image.reshape(-1) / 255.0, label


dataset = tf.data.Dataset.from_generator(
    rows,
    output_signature=(tf.TensorSpec(shape=(width,), dtype=tf.float32), tf.TensorSpec(shape=(), dtype=tf.int32)),
)
model.fit(dataset.shuffle(500).batch(32).prefetch(tf.data.AUTOTUNE), epochs=2, verbose=0)
loss, accuracy = model.evaluate(Digits(x_test, y_test, 64), verbose=0)
predictions = model.predict(Digits(x_test, y_test, 64), verbose=0)
assert predictions.shape == (len(x_test), 10)
print(f"accuracy: {accuracy:.4f}")
