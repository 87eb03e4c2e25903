"""ONNX files as models: one layer per operator, one table entry per kind of operator."""
