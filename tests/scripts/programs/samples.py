"""Data for the programs in this folder: real ones from ../shared/data beside the repository where they are present,
otherwise those that come with scikit-learn, and sentences and series made here.
"""

import gzip
import os
from pathlib import Path

import numpy as np

SHARED = Path(__file__).resolve().parents[4] / "shared" / "data"
REAL = SHARED.is_dir() and not os.environ.get("SCRIPTS_WITHOUT_SHARED_DATA")


def seed():
    """The seed of this run; several are tried when accuracies are recorded."""
    return int(os.environ.get("SCRIPTS_SEED", "1"))


def images(train=1500, test=500):
    """(images, labels), (images, labels): uint8 of 28 x 28, or of 8 x 8, and digits."""
    if REAL:
        with np.load(SHARED / "mnist" / "mnist.npz") as file:
            return (
                (file["x_train"][:train], file["y_train"][:train]),
                (file["x_test"][:test], file["y_test"][:test]),
            )
    from sklearn.datasets import load_digits

    x, y = load_digits(return_X_y=True)
    order = np.random.RandomState(0).permutation(len(x))
    x = (x * (255 / 16)).reshape(-1, 8, 8).astype("uint8")[order]
    y = y[order]
    train = min(train, len(x) - 300)
    return (x[:train], y[:train]), (x[train : train + test], y[train : train + test])


def reviews(count=1600):
    """Sentences, and 1 where somebody liked what he saw."""
    if REAL:
        texts = []
        for name in ("pos", "neg"):
            with gzip.open(SHARED / "text" / f"rt-polarity.{name}.gz", "rt", encoding="latin-1") as file:
                texts.append(file.read().splitlines()[: count // 2])
    else:
        random = np.random.RandomState(0)
        good = (
            "a moving warm funny clever story|beautifully acted and sharp|one of the best|a delight from start to end"
        )
        bad = "a dull flat stupid story|badly acted and slow|one of the worst|a bore from start to end"
        frames = [
            "it is {}",
            "{} , and long",
            "the critics call it {}",
            "{} for the whole family",
            "i found it {} again",
        ]
        texts = [
            [random.choice(frames).format(random.choice(words.split("|"))) for _ in range(count // 2)]
            for words in (good, bad)
        ]
    texts, labels = texts[0] + texts[1], np.repeat([1, 0], [len(texts[0]), len(texts[1])])
    order = np.random.RandomState(1).permutation(len(texts))
    return [texts[i] for i in order], labels[order]


def series():
    """A daily temperature over some years."""
    if REAL:
        lines = (SHARED / "timeseries" / "daily-min-temperatures.csv").read_text().splitlines()
        values = [line.split(",")[-1].strip('"') for line in lines]
        return np.array([float(value) for value in values if value.replace(".", "").isdigit()], "float32")
    random = np.random.RandomState(0)
    days = np.arange(3650)
    weather = np.zeros(len(days))
    for day in days[1:]:
        weather[day] = 0.6 * weather[day - 1] + random.normal(0, 2)
    return (11 + 4.5 * np.cos(2 * np.pi * days / 365) + weather).astype("float32")


def sums(count=3000):
    """Questions such as '12+305' and their answers, as text."""
    random = np.random.RandomState(0)
    pairs = random.randint(0, 50, (count, 2))
    return [f"{a}+{b}".ljust(5) for a, b in pairs], [str(a + b).ljust(2) for a, b in pairs]
