"""Layers, the graphs they form, and models: structure only; what is computed are core Values."""
