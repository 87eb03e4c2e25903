"""Train a classifier on real handwritten digits, save it, reload it, and export it for C++.

    python examples/digits.py [FOLDER]

The data are the 1,797 images of 8x8 pixels that scikit-learn carries. Written to FOLDER (default: out):

    digits.h5                 the model as Keras's HDF5 file, optimizer state included
    digits.nnstack            the model for C++ (examples/cpp/digits)
    digits_samples.f32        the test images, raw little-endian float32, 64 values a row
    digits_probabilities.f32  what Python predicts for them, 10 values a row
    digits.png                loss and accuracy by epoch
"""

import sys
from pathlib import Path

import numpy as np
from sklearn.datasets import load_digits

import nnstack
from nnstack import Sequential
from nnstack.layers import Dense, Dropout
from nnstack.models import load_model
from nnstack.utils import set_random_seed, to_categorical


def load_data() -> tuple[tuple[np.ndarray, np.ndarray], tuple[np.ndarray, np.ndarray]]:
    """(x, y) for training and for testing: pixels in [0, 1], one-hot classes; every fifth image is for testing."""
    digits = load_digits()
    order = np.random.default_rng(0).permutation(len(digits.data))
    x = (digits.data[order] / 16).astype("float32")
    y = to_categorical(digits.target[order], 10)
    test = np.arange(len(x)) % 5 == 0
    return (x[~test], y[~test]), (x[test], y[test])


def plot_curves(history: dict[str, list[float]], path: Path) -> None:
    """Loss and accuracy by epoch, for training and validation, as a PNG."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    figure, axes = pyplot.subplots(1, 2, figsize=(9, 3.5))
    for axis, name in zip(axes, ("loss", "accuracy"), strict=True):
        axis.plot(history[name], label="training")
        axis.plot(history["val_" + name], label="validation")
        axis.set_xlabel("epoch")
        axis.set_title(name)
        axis.legend()
    figure.tight_layout()
    figure.savefig(path)


def main(folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    set_random_seed(1)
    (x_train, y_train), (x_test, y_test) = load_data()

    model = Sequential(
        [
            Dense(64, activation="relu", input_shape=(64,)),
            Dropout(0.2),
            Dense(10, activation="softmax"),
        ]
    )
    model.compile(optimizer="adam", loss="categorical_crossentropy", metrics=["accuracy"])
    model.summary()
    history = model.fit(x_train, y_train, batch_size=32, epochs=30, validation_split=0.1)

    loss, accuracy = model.evaluate(x_test, y_test, verbose=0)
    print(f"test loss {loss:.4f}, test accuracy {100 * accuracy:.2f} %")
    if accuracy < 0.96:
        sys.exit("expected at least 96 % of the test images to be recognised")

    predictions = model.predict(x_test, verbose=0)
    model.save(str(folder / "digits.h5"))
    reloaded = load_model(str(folder / "digits.h5"))
    if not np.array_equal(reloaded.predict(x_test, verbose=0), predictions):
        sys.exit("the reloaded model predicts something else")
    print("saved, reloaded: the same predictions to the bit")

    model.export(str(folder / "digits.nnstack"))
    x_test.astype("<f4").tofile(folder / "digits_samples.f32")
    predictions.astype("<f4").tofile(folder / "digits_probabilities.f32")
    plot_curves(history.history, folder / "digits.png")
    print(f"nnstack {nnstack.__version__} wrote digits.h5, digits.nnstack, digits.png and the test images to {folder}/")


if __name__ == "__main__":
    main(Path(sys.argv[1] if len(sys.argv) > 1 else "out"))
