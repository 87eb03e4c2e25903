"""Batches of sounds from folders of classes, as tf.keras has them; .wav files are read with the standard library."""

from __future__ import annotations

import struct
from collections.abc import Callable
from functools import partial
from math import gcd
from typing import Any

import numpy as np

from nnstack.preprocessing.directories import DirectoryBatches, labelled_files

_PCM, _FLOAT, _EXTENSIBLE = 1, 3, 0xFFFE


def read_wav(path: Any) -> tuple[np.ndarray, int]:
    """(float32 samples (time, channels) between -1 and 1, samples per second) of a .wav file.

    PCM of 8, 16, 24 or 32 bits, or floats of 32 or 64 bits; ValueError for other files.
    """
    with open(path, "rb") as file:
        return wav_samples(file.read(), str(path))


def wav_samples(content: bytes, path: str) -> tuple[np.ndarray, int]:
    """What `read_wav` gives, of the bytes of a file; `path` names it in errors."""
    if content[:4] != b"RIFF" or content[8:12] != b"WAVE":
        raise ValueError(f"{path}: expected a .wav file, got one that begins with {content[:12]!r}")
    layout, data, place = None, None, 12
    while place + 8 <= len(content) and data is None:
        kind, size = content[place : place + 4], struct.unpack_from("<I", content, place + 4)[0]
        body = content[place + 8 : place + 8 + size]
        if kind == b"fmt ":
            layout = struct.unpack_from("<HHIIHH", body)
            if layout[0] == _EXTENSIBLE and len(body) >= 26:
                layout = (struct.unpack_from("<H", body, 24)[0], *layout[1:])
        elif kind == b"data":
            data = body
        place += 8 + size + size % 2
    if layout is None or data is None:
        raise ValueError(f"{path}: the .wav file has no samples")
    code, channels, rate, _, _, bits = layout
    if channels < 1 or rate < 1 or (code, bits) not in _READERS:
        raise ValueError(f"{path}: .wav of format {code} with {bits} bits and {channels} channels cannot be read")
    width = bits // 8 * channels
    samples = _READERS[code, bits](data[: len(data) // width * width])
    return samples.astype(np.float32).reshape(-1, channels), rate


def _wide(data: bytes) -> np.ndarray:
    """24 bits, little end first: the upper three bytes of 32."""
    padded: np.ndarray = np.zeros((len(data) // 3, 4), np.uint8)
    padded[:, 1:] = np.frombuffer(data, np.uint8).reshape(-1, 3)
    return padded.view("<i4")[:, 0] / 2.0**31


_READERS: dict[tuple[int, int], Callable[[bytes], np.ndarray]] = {
    (_PCM, 8): lambda data: (np.frombuffer(data, np.uint8) - 128.0) / 128.0,
    (_PCM, 16): lambda data: np.frombuffer(data, "<i2") / 2.0**15,
    (_PCM, 24): _wide,
    (_PCM, 32): lambda data: np.frombuffer(data, "<i4") / 2.0**31,
    (_FLOAT, 32): lambda data: np.frombuffer(data, "<f4"),
    (_FLOAT, 64): lambda data: np.frombuffer(data, "<f8"),
}


def resample(sound: np.ndarray, rate: int, wanted: int) -> np.ndarray:
    """Samples (time, channels) at another rate: the band below half of both rates, by a windowed sinc (Smith 1984)."""
    if rate == wanted:
        return sound
    common = gcd(rate, wanted)
    count = -(-len(sound) * (wanted // common) // (rate // common))
    cutoff = min(1.0, wanted / rate)
    reach = int(np.ceil(16 / cutoff))
    times = np.arange(count) * (rate / wanted)
    places = np.floor(times).astype(int)[:, None] + np.arange(-reach + 1, reach + 1)
    distance = times[:, None] - places
    window = 0.5 + 0.5 * np.cos(np.pi * np.clip(distance / reach, -1, 1))
    weights = cutoff * np.sinc(cutoff * distance) * window
    inside = (places >= 0) & (places < len(sound))
    taken = sound[np.clip(places, 0, len(sound) - 1)]
    mixed: np.ndarray = np.einsum("tk,tkc->tc", weights * inside, taken)
    return mixed.astype(np.float32)


def audio_dataset_from_directory(
    directory: Any,
    labels: Any = "inferred",
    label_mode: str | None = "int",
    class_names: Any = None,
    batch_size: int | None = 32,
    sampling_rate: int | None = None,
    output_sequence_length: int | None = None,
    ragged: bool = False,
    shuffle: bool = True,
    seed: int | None = None,
    validation_split: float | None = None,
    subset: str | None = None,
    follow_links: bool = False,
) -> Any:
    """Batches of sounds, float32 (batch, time, channels) between -1 and 1, from .wav files in a folder with one folder
    for each class; a `utils.Sequence`.

    `sampling_rate` converts every sound to so many samples per second, default as in the file;
    `output_sequence_length` cuts longer sounds and fills shorter ones with zeros, default the longest of the batch;
    `ragged=True` is refused: sounds of a batch are filled up instead. The rest as in `image_dataset_from_directory`.
    ValueError for other words or numbers, or no files.

    >>> batches = audio_dataset_from_directory("sounds", output_sequence_length=16000)

    Source: https://keras.io/2.16/api/data_loading/audio/
    """
    what = "audio_dataset_from_directory"
    if ragged:
        raise ValueError(
            f"{what}: ragged batches are not supported; give output_sequence_length, or let them be filled"
        )
    for name, number in (("sampling_rate", sampling_rate), ("output_sequence_length", output_sequence_length)):
        if number is not None and (not isinstance(number, int) or number <= 0):
            raise ValueError(f"{what}: expected {name} as a positive int, got {number!r}")

    def read(path: str) -> np.ndarray:
        sound, rate = read_wav(path)
        return sound if sampling_rate is None else resample(sound, rate, sampling_rate)

    def filled(sounds: list[np.ndarray]) -> np.ndarray:
        length = output_sequence_length or max(len(sound) for sound in sounds)
        cut = [sound[:length] for sound in sounds]
        return np.stack([np.pad(sound, ((0, length - len(sound)), (0, 0))) for sound in cut])

    return labelled_files(
        what, directory, (".wav",), read, labels, label_mode, class_names, batch_size, shuffle, seed, validation_split,
        subset, follow_links, partial(DirectoryBatches, stack=filled),
    )  # fmt: skip
