"""Recurrent layers: RNN and the cells it runs, one family of cells per file."""
