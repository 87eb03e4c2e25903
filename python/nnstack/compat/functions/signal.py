"""`tf.signal`: windows, frames and Fourier transforms, as products with tables of cosines and sines: they have
gradients and run in models. Transforms cost n^2 multiplications for n samples.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from nnstack import backend as K
from nnstack.compat.complex_numbers import Complex, parts
from nnstack.compat.dtypes import as_dtype


def hann_window(window_length: Any, periodic: bool = True, dtype: Any = "float32") -> Any:
    """0.5 - 0.5 cos over the window."""
    return _cosine_window(int(window_length), periodic, 0.5, dtype)


def hamming_window(window_length: Any, periodic: bool = True, dtype: Any = "float32") -> Any:
    """0.54 - 0.46 cos over the window."""
    return _cosine_window(int(window_length), periodic, 0.54, dtype)


def _cosine_window(size: int, periodic: bool, high: float, dtype: Any) -> Any:
    if size == 1:
        return K.convert(np.ones(1, as_dtype(dtype).name))
    # As TensorFlow has it, windows of odd length are symmetric whether periodic or not... of even length only if not.
    span = size + (1 if periodic and size % 2 == 0 else 0) - 1
    steps = np.cos(2 * math.pi * np.arange(size) / span)
    return K.convert((high - (1 - high) * steps).astype(as_dtype(dtype).name))


def frame(
    signal: Any, frame_length: Any, frame_step: Any, pad_end: bool = False, pad_value: Any = 0, axis: int = -1
) -> Any:  # fmt: skip
    """(..., frames, frame_length) from (..., samples); with `pad_end` frames that reach beyond the end, too."""
    x, length, step = K.convert(signal), int(frame_length), int(frame_step)
    if axis not in (-1, len(x.shape) - 1):
        raise ValueError(f"tf.signal.frame: the last axis is there, got axis={axis}. Transpose first")
    size = x.shape[-1]
    if size is None:
        raise ValueError("tf.signal.frame: the number of samples is not known. Give the Input a length")
    count = -(-size // step) if pad_end else max(0, (size - length) // step + 1)
    missing = max(0, (count - 1) * step + length - size) if count else 0
    if missing:
        tail = K.ones_like(x[..., :1]) * pad_value
        x = K.concatenate([x, K.repeat_elements(tail, missing, len(x.shape) - 1)], axis=-1)
    places = np.arange(count)[:, None] * step + np.arange(length)[None]
    return K.emit("gather", x, K.convert(places.astype(np.int64)), axis=len(x.shape) - 1)


def overlap_and_add(signal: Any, frame_step: Any) -> Any:
    """(..., samples) from (..., frames, frame_length), each frame `frame_step` behind the one before."""
    x, step = K.convert(signal), int(frame_step)
    count, length = int(x.shape[-2] or 0), int(x.shape[-1] or 0)
    total = (count - 1) * step + length
    spread = np.zeros((count * length, total), np.float32)
    places = (np.arange(count)[:, None] * step + np.arange(length)[None]).reshape(-1)
    spread[np.arange(count * length), places] = 1.0
    flat = K.reshape(x, [-1, count * length])
    leading = list(tuple(x.shape)[:-2])
    return K.reshape(K.dot(flat, K.convert(spread, x.dtype)), [-1 if s is None else s for s in leading] + [total])


def _fitted(x: Any, length: int) -> Any:
    """The last axis cut or filled with zeros."""
    size = int(x.shape[-1])
    if size >= length:
        return x[..., :length]
    return K.concatenate([x, K.zeros_like(K.repeat_elements(x[..., :1], length - size, len(x.shape) - 1))], axis=-1)


def _table(rows: int, columns: int, length: int, dtype: str) -> tuple[Any, Any]:
    turns = np.outer(np.arange(rows), np.arange(columns)) % length * (2 * math.pi / length)
    waves = [np.where(np.abs(wave) < 1e-15, 0.0, wave) for wave in (np.cos(turns), np.sin(turns))]
    return K.convert(waves[0].astype(str(dtype))), K.convert(waves[1].astype(str(dtype)))


def _product(x: Any, table: Any) -> Any:
    return K.dot(x, table) if len(x.shape) > 1 else K.dot(K.expand_dims(x, 0), table)[0]


def rfft(input_tensor: Any, fft_length: Any = None, name: Any = None) -> Complex:
    """The first fft_length // 2 + 1 terms of the Fourier transform of real numbers along the last axis."""
    x = K.convert(input_tensor)
    length = int(x.shape[-1] or 0) if fft_length is None else int(np.asarray(fft_length).reshape(-1)[0])
    x = _fitted(x, length)
    cosines, sines = _table(length, length // 2 + 1, length, x.dtype)
    return Complex(_product(x, cosines), 0.0 - _product(x, sines))


def irfft(input_tensor: Any, fft_length: Any = None, name: Any = None) -> Any:
    """The real numbers whose `rfft` this is."""
    real, imag = parts(input_tensor)
    terms = int(real.shape[-1])
    length = 2 * (terms - 1) if fft_length is None else int(np.asarray(fft_length).reshape(-1)[0])
    wanted = length // 2 + 1
    real, imag = _fitted(real, wanted), _fitted(imag, wanted)
    cosines, sines = _table(wanted, length, length, real.dtype)
    weights = np.full((wanted, 1), 2.0)
    weights[0] = 1.0
    if length % 2 == 0:
        weights[-1] = 1.0
    scale = K.convert((weights / length).astype(str(real.dtype)))
    return _product(real, cosines * scale) - _product(imag, sines * scale)


def _dft(x: Any, sign: float) -> Complex:
    real, imag = parts(x)
    if not isinstance(x, Complex):
        real = K.convert(x)
        imag = K.zeros_like(real)
    length = int(real.shape[-1])
    cosines, sines = _table(length, length, length, real.dtype)
    sines = sines * sign
    return Complex(_product(real, cosines) - _product(imag, sines), _product(real, sines) + _product(imag, cosines))


def fft(input: Any, name: Any = None) -> Complex:
    """The Fourier transform along the last axis."""
    return _dft(input, -1.0)


def ifft(input: Any, name: Any = None) -> Complex:
    """Its inverse."""
    found = _dft(input, 1.0)
    size = float(found.shape[-1])
    return Complex(found.real / size, found.imag / size)


def _turned(x: Any) -> Any:
    order = list(range(len(x.shape)))
    order[-1], order[-2] = order[-2], order[-1]
    return x._each(lambda part: K.permute_dimensions(part, order))


def fft2d(input: Any, name: Any = None) -> Complex:
    """The Fourier transform along the last two axes."""
    found: Complex = _turned(fft(_turned(fft(input))))
    return found


def ifft2d(input: Any, name: Any = None) -> Complex:
    """Its inverse."""
    found: Complex = _turned(ifft(_turned(ifft(input))))
    return found


def fftshift(x: Any, axes: Any = None, name: Any = None) -> Any:
    """The halves of the axes exchanged, so that frequency 0 stands in the middle."""
    return _rolled(x, axes, lambda size: size // 2)


def ifftshift(x: Any, axes: Any = None, name: Any = None) -> Any:
    """Back again."""
    return _rolled(x, axes, lambda size: -(size // 2))


def _rolled(x: Any, axes: Any, by: Any) -> Any:
    from nnstack.compat.functions.arrays import roll

    if isinstance(x, Complex):
        return x._each(lambda part: _rolled(part, axes, by))
    value = K.convert(x)
    chosen = range(len(value.shape)) if axes is None else [axes] if isinstance(axes, int) else list(axes)
    for axis in chosen:
        value = roll(value, by(int(value.shape[axis] or 0)), axis)
    return value


def stft(
    signals: Any, frame_length: Any, frame_step: Any, fft_length: Any = None, window_fn: Any = hann_window,
    pad_end: bool = False, name: Any = None,
) -> Complex:  # fmt: skip
    """(..., frames, fft_length // 2 + 1): the transforms of windowed frames; fft_length: the next power of two."""
    length = int(frame_length)
    frames = frame(signals, length, frame_step, pad_end)
    if window_fn is not None:
        frames = frames * window_fn(length, dtype=frames.dtype)
    return rfft(frames, [1 << (length - 1).bit_length() if fft_length is None else int(fft_length)])


def inverse_stft(
    stfts: Any, frame_length: Any, frame_step: Any, fft_length: Any = None, window_fn: Any = hann_window,
    name: Any = None,
) -> Any:  # fmt: skip
    """Frames back to samples."""
    length = int(frame_length)
    frames = irfft(stfts, None if fft_length is None else [int(fft_length)])
    frames = _fitted(frames, length)
    if window_fn is not None:
        frames = frames * window_fn(length, dtype=frames.dtype)
    return overlap_and_add(frames, frame_step)


def linear_to_mel_weight_matrix(
    num_mel_bins: int = 20, num_spectrogram_bins: int = 129, sample_rate: Any = 8000, lower_edge_hertz: float = 125.0,
    upper_edge_hertz: float = 3800.0, dtype: Any = "float32", name: Any = None,
) -> Any:  # fmt: skip
    """(num_spectrogram_bins, num_mel_bins): triangles on the mel scale (O'Shaughnessy 1987)."""

    def mel(hertz: Any) -> Any:
        return 1127.0 * np.log1p(np.asarray(hertz) / 700.0)

    lines = mel(np.linspace(0.0, float(sample_rate) / 2.0, int(num_spectrogram_bins))[1:])[:, None]
    edges = np.linspace(mel(lower_edge_hertz), mel(upper_edge_hertz), int(num_mel_bins) + 2)
    low, middle, high = edges[:-2][None], edges[1:-1][None], edges[2:][None]
    weights = np.maximum(0.0, np.minimum((lines - low) / (middle - low), (high - lines) / (high - middle)))
    return K.convert(np.pad(weights, [[1, 0], [0, 0]]).astype(as_dtype(dtype).name))


def dct(input: Any, type: int = 2, n: Any = None, axis: int = -1, norm: str | None = None, name: Any = None) -> Any:
    """The cosine transform of type 2, or with type 3 its inverse up to a factor, along the last axis."""
    x = K.convert(input)
    size = int(x.shape[-1] or 0) if n is None else int(n)
    x = _fitted(x, size)
    if type not in (2, 3):
        raise ValueError(f"tf.signal.dct: types 2 and 3 are there, got {type}")
    table = 2.0 * np.cos(math.pi * np.outer(np.arange(size) + 0.5, np.arange(size)) / size)
    if type == 3:
        table = table.T
        table[0] /= 2.0
    if norm == "ortho":
        scale = np.full(size, math.sqrt(0.5 / size))
        scale[0] = math.sqrt(0.25 / size)
        first = np.where(np.arange(size) == 0, 2.0, 1.0)
        table = table * scale[None] if type == 2 else table * (first * scale)[:, None]
    return _product(x, K.convert(table.astype(str(x.dtype))))


def mfccs_from_log_mel_spectrograms(log_mel_spectrograms: Any, name: Any = None) -> Any:
    """Mel-frequency cepstral coefficients of log mel spectrograms (..., bins)."""
    x = K.convert(log_mel_spectrograms)
    return dct(x, 2) * (1.0 / math.sqrt(2.0 * int(x.shape[-1] or 1)))
