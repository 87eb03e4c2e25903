"""Models inside other libraries' programs."""

from nnstack.wrappers import scikit_learn as scikit_learn
