"""TensorFlow's functions in the words of `nnstack.backend`: names, order and defaults of arguments are TensorFlow's.

Every function takes `name=`, which does nothing, through `nnstack.compat.rows.adapted`. They take tensors, variables,
arrays and numbers, compute at once on numbers and record on symbols, as the backend's functions do.
"""
