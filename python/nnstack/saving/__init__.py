"""Models in files: HDF5 in Keras's layout, JSON and YAML configs, and the exported file for C++. Files are data,
never code.
"""
