import os
import tempfile

from samples import images, seed
from tensorflow import keras
from tensorflow.keras.callbacks import (
    Callback,
    CSVLogger,
    EarlyStopping,
    LambdaCallback,
    LearningRateScheduler,
    ModelCheckpoint,
    ReduceLROnPlateau,
    TerminateOnNaN,
)

keras.utils.set_random_seed(seed())
(x_train, y_train), (x_test, y_test) = images()
x_train, x_test = x_train[..., None] / 255.0, x_test[..., None] / 255.0
folder = tempfile.mkdtemp()


class LossHistory(Callback):
    def on_train_begin(self, logs=None):
        self.losses = []

    def on_train_batch_end(self, batch, logs=None):
        self.losses.append(logs.get("loss"))


def build():
    model = keras.Sequential()
    model.add(keras.layers.Flatten(input_shape=x_train.shape[1:]))
    model.add(keras.layers.Dense(64, activation="relu"))
    model.add(keras.layers.Dense(10, activation="softmax"))
    model.compile("rmsprop", "sparse_categorical_crossentropy", metrics=["accuracy"])
    return model


model = build()
losses = LossHistory()
epochs = []
best = os.path.join(folder, "best.h5")
history = model.fit(
    x_train,
    y_train,
    epochs=15,
    batch_size=50,
    verbose=0,
    validation_split=0.2,
    callbacks=[
        losses,
        EarlyStopping(monitor="val_loss", patience=3, restore_best_weights=True),
        ModelCheckpoint(best, monitor="val_accuracy", save_best_only=True),
        ReduceLROnPlateau(monitor="val_loss", factor=0.5, patience=2),
        LearningRateScheduler(lambda epoch, lr: lr * 0.95),
        CSVLogger(os.path.join(folder, "log.csv")),
        LambdaCallback(on_epoch_end=lambda epoch, logs: epochs.append(epoch)),
        TerminateOnNaN(),
    ],
)
ran = len(history.epoch)
assert epochs == list(range(ran)) and len(losses.losses) == ran * -(-int(len(x_train) * 0.8) // 50)
assert len(open(os.path.join(folder, "log.csv")).readlines()) == ran + 1
reloaded = keras.models.load_model(best)
print("accuracy:", reloaded.evaluate(x_test, y_test, verbose=0)[1])
