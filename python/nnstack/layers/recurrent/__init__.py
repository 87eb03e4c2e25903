"""Recurrent layers: RNN and the cells it runs, one family of cells per file."""

from nnstack.layers import __getattr__ as __getattr__  # Keras 2 kept the layers here
