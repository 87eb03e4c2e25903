"""Models as ONNX files: a walk over our graph, one table entry per op."""
