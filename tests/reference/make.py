"""Writes `values.npz` anew: the results of `recorded_*.py` with the real tf_keras (extra [interop]).

Run from the repository's root: python tests/reference/make.py
"""

import os
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "0")
os.environ.setdefault("CUDA_VISIBLE_DEVICES", "")

import numpy as np
import recorded_backend
import recorded_cases as cases
import recorded_convolutions
import tensorflow as tf
import tf_keras


def gradient(function, x):
    """d sum(function(x)) / dx."""
    point = tf.constant(x)
    with tf.GradientTape() as tape:
        tape.watch(point)
        total = tf.reduce_sum(function(point))
    return tape.gradient(total, point).numpy()


def main():
    """One array per result, named 'function/name'."""
    values = {
        f"{group.__name__}/{name}": np.asarray(value)
        for group in cases.ALL + recorded_backend.ALL + recorded_convolutions.ALL
        for name, value in group(tf_keras, gradient).items()
    }
    np.savez_compressed(Path(__file__).with_name("values.npz"), versions=tf_keras.__version__, **values)
    print(len(values), "arrays")


if __name__ == "__main__":
    main()
