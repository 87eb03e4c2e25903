"""Sounds from folders."""

from __future__ import annotations

import struct
import wave
from pathlib import Path

import numpy as np
import pytest

from nnstack.preprocessing.audio import read_wav, resample
from nnstack.utils import audio_dataset_from_directory


def write_wav(path: Path, samples: np.ndarray, width: int, rate: int = 8000) -> None:
    """`samples` (time, channels) of whole numbers, `width` bytes each."""
    with wave.open(str(path), "wb") as file:
        file.setnchannels(samples.shape[1])
        file.setsampwidth(width)
        file.setframerate(rate)
        raw = samples.astype("<i4").tobytes()
        rows = [raw[i : i + width] for i in range(0, len(raw), 4)]
        file.writeframes(bytes(int(n) & 255 for n in samples.ravel()) if width == 1 else b"".join(rows))


@pytest.mark.parametrize("width", [1, 2, 3, 4])
def test_whole_numbers_of_every_width(tmp_path: Path, width: int) -> None:
    half = 2 ** (8 * width - 1)
    values = np.array([[0, half - 1], [half // 2, 0], [-half // 2, -half]], np.int64)
    write_wav(tmp_path / "a.wav", values + (128 if width == 1 else 0), width, 22050)
    found, rate = read_wav(tmp_path / "a.wav")
    assert rate == 22050 and found.dtype == np.float32
    np.testing.assert_allclose(found, values / half, atol=1e-7)


def test_floats_further_chunks_and_the_extensible_header(tmp_path: Path) -> None:
    samples = np.linspace(-1, 1, 7)
    for bits, kind in ((32, "<f4"), (64, "<f8")):
        data = samples.astype(kind).tobytes()
        plain = struct.pack("<HHIIHH", 3, 1, 100, 100 * bits // 8, bits // 8, bits)
        long = struct.pack("<HHIIHHHHIH", 0xFFFE, 1, 100, 0, bits // 8, bits, 22, bits, 4, 3) + b"\0" * 14
        for header in (plain, long):
            chunks = b"".join(
                name + struct.pack("<I", len(body)) + body + b"\0" * (len(body) % 2)
                for name, body in ((b"LIST", b"odd"), (b"fmt ", header), (b"data", data))
            )
            (tmp_path / "a.wav").write_bytes(b"RIFF" + struct.pack("<I", len(chunks) + 4) + b"WAVE" + chunks)
            found, rate = read_wav(tmp_path / "a.wav")
            assert rate == 100
            np.testing.assert_allclose(found, samples[:, None], rtol=1e-6)


def test_what_is_no_sound(tmp_path: Path) -> None:
    for content, says in (
        (b"ID3 not a wave file", "expected a .wav file"),
        (b"RIFF\0\0\0\0WAVE", "no samples"),
        (b"RIFF\0\0\0\0WAVEfmt \x10\0\0\0" + struct.pack("<HHIIHH", 2, 1, 8000, 0, 1, 4) + b"data\0\0\0\0", "format 2"),
    ):
        (tmp_path / "a.wav").write_bytes(content)
        with pytest.raises(ValueError, match=says):
            read_wav(tmp_path / "a.wav")


def test_resampling_keeps_tones_below_half_the_rate_and_removes_those_above() -> None:
    times = np.arange(4000) / 8000
    low = np.sin(2 * np.pi * 440 * times)[:, None].astype("float32")
    for wanted in (16000, 11025, 4000):
        found = resample(low, 8000, wanted)
        assert found.shape == (-(-4000 * wanted // 8000), 1) and found.dtype == np.float32
        inner = slice(len(found) // 10, -len(found) // 10)
        expected = np.sin(2 * np.pi * 440 * np.arange(len(found)) / wanted)
        np.testing.assert_allclose(found[inner, 0], expected[inner], atol=5e-3)
    high = np.sin(2 * np.pi * 3000 * times)[:, None].astype("float32")
    assert np.abs(resample(high, 8000, 4000)[200:-200]).max() < 0.02
    assert resample(low, 8000, 8000) is low


def test_batches(tmp_path: Path) -> None:
    for name, level, lengths in (("loud", 16384, (5, 8)), ("soft", 4096, (3,))):
        (tmp_path / name).mkdir()
        for number, length in enumerate(lengths):
            write_wav(tmp_path / name / f"{number}.wav", np.full((length, 2), level), 2)
    batches = audio_dataset_from_directory(tmp_path, shuffle=False, batch_size=2)
    assert batches.class_names == ["loud", "soft"] and len(batches) == 2
    sounds, labels = batches[0]
    assert sounds.shape == (2, 8, 2) and sounds.dtype == np.float32 and labels.tolist() == [0, 0]
    np.testing.assert_array_equal(sounds[0, :, 0], [0.5] * 5 + [0] * 3)
    cut = audio_dataset_from_directory(tmp_path, output_sequence_length=4, labels=None, shuffle=False)[0]
    assert cut.shape == (3, 4, 2) and cut[2, :, 0].tolist() == [0.125] * 3 + [0]
    doubled = audio_dataset_from_directory(tmp_path, sampling_rate=16000, batch_size=None, shuffle=False)
    assert doubled[1][0].shape == (16, 2)
    left, right = audio_dataset_from_directory(tmp_path, validation_split=0.4, subset="both", seed=1)
    assert len(left.file_paths) == 2 and len(right.file_paths) == 1
    with pytest.raises(ValueError, match="ragged batches are not supported"):
        audio_dataset_from_directory(tmp_path, ragged=True)
    with pytest.raises(ValueError, match="sampling_rate as a positive int, got 0"):
        audio_dataset_from_directory(tmp_path, sampling_rate=0)
    with pytest.raises(ValueError, match="no files ending in .wav"):
        audio_dataset_from_directory(tmp_path / "loud")
