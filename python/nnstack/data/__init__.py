"""What `fit`, `evaluate` and `predict` take as x: arrays, sequences and generators, each behind a small adapter."""
