"""Layers that turn raw data into numbers a model can take. Text stays in Python: it becomes integers there."""
