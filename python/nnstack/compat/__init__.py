"""Programs written for Keras and TensorFlow, run unchanged: nnstack under their names, when asked.

>>> import nnstack
>>> nnstack.install_as_keras()
>>> from tensorflow import keras
>>> keras.layers.Dense is nnstack.layers.Dense
True
"""

from __future__ import annotations


def install_as_keras() -> None:
    """From now on `import keras`, `tensorflow` and `tf_keras`, and the modules in them, mean nnstack in this process.

    `import tensorflow` (or `from tensorflow import ...`) also makes tensors behave as in TensorFlow 2: variables read
    as numbers outside of graphs, `==` compares element by element. `import keras` alone leaves them as they were.
    RuntimeError if the real Keras or TensorFlow has been imported before. `uninstall_as_keras` takes it back.
    """
    from nnstack.compat import importing

    importing.install()


def uninstall_as_keras() -> None:
    """Imports of Keras and TensorFlow find what is installed, tensors behave as nnstack describes them."""
    from nnstack.compat import importing, tensors

    importing.uninstall()
    tensors.as_keras()


__all__ = ["install_as_keras", "uninstall_as_keras"]
