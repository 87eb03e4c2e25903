"""tf.signal and complex tensors beside numpy's Fourier transforms."""

from typing import Any

import numpy as np
import pytest

WAVE = np.random.default_rng(0).normal(size=100).astype(np.float32)


@pytest.mark.parametrize(("name", "size"), [("rfft", 8), ("rfft", 9), ("fft", 6), ("ifft", 7)])
def test_transforms(tf: Any, name: str, size: int) -> None:
    x = WAVE[: 3 * size].reshape(3, size)
    found = getattr(tf.signal, name)(x if name == "rfft" else tf.complex(x, x[::-1]))
    expected = getattr(np.fft, name)(x if name == "rfft" else x + 1j * x[::-1])
    np.testing.assert_allclose(found.numpy(), expected, atol=2e-5)
    assert found.dtype.name == "complex64" and found.dtype.is_complex and found.shape == expected.shape
    for part in ("real", "imag", "angle", "conj"):
        wanted = getattr(np, part)(expected)
        np.testing.assert_allclose(np.asarray(getattr(tf.math, part)(found)), wanted, atol=1e-4)
    np.testing.assert_allclose(tf.abs(found), np.abs(expected), atol=2e-5)


def test_there_and_back(tf: Any) -> None:
    for length in (8, 9):
        back = tf.signal.irfft(tf.signal.rfft(WAVE[:length]), [length])
        np.testing.assert_allclose(back, WAVE[:length], atol=1e-5)
    image = WAVE.reshape(10, 10)
    turned = tf.signal.fftshift(tf.signal.fft2d(tf.cast(image, tf.complex64)))
    np.testing.assert_allclose(turned.numpy(), np.fft.fftshift(np.fft.fft2(image)), atol=1e-4)
    again = tf.cast(tf.signal.ifft2d(tf.signal.ifftshift(turned)), tf.float32)
    np.testing.assert_allclose(again, image, atol=1e-5)


def test_spectrograms(tf: Any) -> None:
    window = np.hanning(17)[:-1]
    frames = np.stack([WAVE[i * 8 : i * 8 + 16] * window for i in range(11)])
    found = tf.signal.stft(WAVE, frame_length=16, frame_step=8)
    np.testing.assert_allclose(found.numpy(), np.fft.rfft(frames), atol=1e-5)
    assert tf.signal.stft(WAVE[None], 15, 8, pad_end=True).shape == (1, 13, 9)
    np.testing.assert_allclose(tf.signal.hann_window(7), np.hanning(7), atol=1e-6)
    halves = tf.signal.inverse_stft(tf.signal.stft(WAVE, 16, 8), 16, 8, window_fn=None)
    np.testing.assert_allclose(halves.numpy()[16:80], WAVE[16:80], atol=1e-5)  # windows of Hann add up to 1
    assert tf.signal.frame(tf.range(10.0), 4, 3).numpy().tolist() == [[0, 1, 2, 3], [3, 4, 5, 6], [6, 7, 8, 9]]
    assert tf.signal.overlap_and_add(tf.ones((3, 4)), 2).numpy().tolist() == [1, 1, 2, 2, 2, 2, 1, 1]


def test_cepstra(tf: Any) -> None:
    import scipy.fft

    mel = tf.signal.linear_to_mel_weight_matrix(6, 65, 16000, 80.0, 7600.0).numpy()
    assert mel.shape == (65, 6) and not mel[0].any() and (mel.sum(0) > 0).all() and mel.max() <= 1.0
    x = WAVE[:40].reshape(5, 8)
    np.testing.assert_allclose(tf.signal.dct(x), scipy.fft.dct(x), atol=1e-5)
    np.testing.assert_allclose(tf.signal.dct(x, norm="ortho"), scipy.fft.dct(x, norm="ortho"), atol=1e-5)
    np.testing.assert_allclose(tf.signal.dct(x, 3), scipy.fft.dct(x, 3), atol=1e-5)
    np.testing.assert_allclose(tf.signal.dct(x, 3, norm="ortho"), scipy.fft.dct(x, 3, norm="ortho"), atol=1e-5)
    np.testing.assert_allclose(tf.signal.mfccs_from_log_mel_spectrograms(x), scipy.fft.dct(x) / 4.0, atol=1e-5)


def test_a_model_trains_through_a_spectrogram(tf: Any) -> None:
    class Spectrogram(tf.keras.layers.Layer):
        def call(self, x: Any) -> Any:
            return tf.math.log(tf.abs(tf.signal.stft(x, 16, 8)) + 1e-3)

    inputs = tf.keras.Input((100,))
    scaled = tf.keras.layers.Dense(100, use_bias=False, kernel_initializer="identity")(inputs)
    model = tf.keras.Model(inputs, tf.keras.layers.Dense(1)(tf.keras.layers.Flatten()(Spectrogram()(scaled))))
    model.compile(tf.keras.optimizers.Adam(0.01), "mse")
    x = np.stack([WAVE * k for k in (0.5, 1.0, 2.0, 4.0)])
    losses = model.fit(x, np.log([0.5, 1.0, 2.0, 4.0]), epochs=60, verbose=0).history["loss"]
    assert losses[-1] < 0.1 * losses[0] and np.isfinite(losses).all()
    assert np.abs(model.get_weights()[0] - np.eye(100)).max() > 1e-4  # the gradient came through


def test_complex_arithmetic(tf: Any) -> None:
    a, b = tf.complex([1.0, -2.0], [0.5, 3.0]), tf.complex([2.0, 1.0], [-1.0, 4.0])
    x, y = a.numpy(), b.numpy()
    for found, expected in ((a + b, x + y), (a - b, x - y), (a * b, x * y), (a / b, x / y), (1.0 - a, 1 - x)):
        np.testing.assert_allclose(found.numpy(), expected, rtol=1e-6)
    with tf.GradientTape() as tape:
        z = tf.Variable(0.0)
        size = tf.abs(tf.complex(z, z))
    assert float(tape.gradient(size, z)) == 0.0
