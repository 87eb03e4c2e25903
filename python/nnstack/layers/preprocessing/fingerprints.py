"""Fingerprints of texts that never change: FarmHash (Pike 2014) and SipHash-2-4 (Aumasson and Bernstein 2012).

TensorFlow's text hashing is defined by them, so that bins are the same ones as in models trained there.
"""

from __future__ import annotations

from collections.abc import Callable

_MASK = (1 << 64) - 1
_K0, _K1, _K2 = 0xC3A5C85C97CB3127, 0xB492B66FBE98F273, 0x9AE16A3B2F90404F


def _rotated(x: int, count: int) -> int:
    """The low 64 bits of x turned to the right."""
    x &= _MASK
    return (x >> count) | (x << (64 - count)) & _MASK


def _mixed(x: int) -> int:
    x &= _MASK
    return x ^ (x >> 47)


def _pair(u: int, v: int, factor: int) -> int:
    a = _mixed((u ^ v) * factor)
    return _mixed((v ^ a) * factor) * factor & _MASK


def fingerprint64(data: bytes) -> int:
    """The 64-bit FarmHash fingerprint (variant `na`)."""

    def word(at: int, size: int = 8) -> int:
        return int.from_bytes(data[at : at + size], "little")

    n = len(data)
    if n <= 16:
        return _short(data)
    factor = (_K2 + n * 2) & _MASK
    if n <= 64:
        a, b = word(0) * (_K1 if n <= 32 else _K2) & _MASK, word(8)
        c, d = word(n - 8) * factor & _MASK, word(n - 16) * _K2 & _MASK
        y = (_rotated(a + b, 43) + _rotated(c, 30) + d) & _MASK
        z = _pair(y, (a + _rotated(b + _K2, 18) + c) & _MASK, factor)
        if n <= 32:
            return z
        e, f = word(16) * factor & _MASK, word(24)
        g, h = (y + word(n - 32)) * factor & _MASK, (z + word(n - 24)) * factor & _MASK
        left = (_rotated(e + f, 43) + _rotated(g, 30) + h) & _MASK
        return _pair(left, (e + _rotated(f + a, 18) + g) & _MASK, factor)
    return _long(n, word)


def _short(data: bytes) -> int:
    n = len(data)
    if n >= 8:
        factor = (_K2 + n * 2) & _MASK
        a = (int.from_bytes(data[:8], "little") + _K2) & _MASK
        last = int.from_bytes(data[-8:], "little")
        c = (_rotated(last, 37) * factor + a) & _MASK
        return _pair(c, (_rotated(a, 25) + last) * factor & _MASK, factor)
    if n >= 4:
        factor = (_K2 + n * 2) & _MASK
        first, last = int.from_bytes(data[:4], "little"), int.from_bytes(data[-4:], "little")
        return _pair((n + (first << 3)) & _MASK, last, factor)
    if n:
        y, z = data[0] + (data[n >> 1] << 8), n + (data[-1] << 2)
        return _mixed(y * _K2 & _MASK ^ z * _K0 & _MASK) * _K2 & _MASK
    return _K2


def _long(n: int, read: Callable[[int], int]) -> int:
    def weak(at: int, a: int, b: int) -> tuple[int, int]:
        w, x, y, z = (read(at + 8 * i) for i in range(4))
        a = (a + w) & _MASK
        b = _rotated(b + a + z, 21)
        c = a
        a = (a + x + y) & _MASK
        b = (b + _rotated(a, 44)) & _MASK
        return (a + z) & _MASK, (b + c) & _MASK

    seed = 81
    y = (seed * _K1 + 113) & _MASK
    z = _mixed(y * _K2 + 113) * _K2 & _MASK
    v, w = (0, 0), (0, 0)
    x = (seed * _K2 + read(0)) & _MASK

    def step(at: int, factor: int, nine: int) -> None:
        nonlocal x, y, z, v, w
        x = _rotated(x + y + v[0] + read(at + 8), 37) * factor & _MASK
        y = _rotated(y + v[1] + read(at + 48), 42) * factor & _MASK
        x ^= w[1] * nine & _MASK
        y = (y + v[0] * nine + read(at + 40)) & _MASK
        z = _rotated(z + w[0], 33) * factor & _MASK
        v = weak(at, v[1] * factor & _MASK, (x + w[0]) & _MASK)
        w = weak(at + 32, (z + w[1]) & _MASK, (y + read(at + 16)) & _MASK)
        z, x = x, z

    end = (n - 1) // 64 * 64
    for at in range(0, end, 64):
        step(at, _K1, 1)
    factor = (_K1 + ((z & 0xFF) << 1)) & _MASK
    rest = (n - 1) & 63
    w = ((w[0] + rest) & _MASK, w[1])
    v = ((v[0] + w[0]) & _MASK, v[1])
    w = ((w[0] + v[0]) & _MASK, w[1])
    step(end + rest - 63, factor, 9)
    left = (_pair(v[0], w[0], factor) + _mixed(y) * _K0 + z) & _MASK
    return _pair(left, (_pair(v[1], w[1], factor) + x) & _MASK, factor)


def joined(first: int, second: int) -> int:
    """One fingerprint of two, in this order."""
    factor = 0xC6A4A7935BD1E995
    result = first ^ factor
    result ^= _mixed(second * factor) * factor & _MASK
    result = result * factor & _MASK
    return _mixed(_mixed(result) * factor)


def siphash(data: bytes, key: tuple[int, int]) -> int:
    """SipHash-2-4 under a key of two 64-bit words."""
    v0, v1 = 0x736F6D6570736575 ^ key[0], 0x646F72616E646F6D ^ key[1]
    v2, v3 = 0x6C7967656E657261 ^ key[0], 0x7465646279746573 ^ key[1]

    def rounds(count: int) -> None:
        nonlocal v0, v1, v2, v3
        for _ in range(count):
            v0, v2 = (v0 + v1) & _MASK, (v2 + v3) & _MASK
            v1, v3 = _rotated(v1, 51) ^ v0, _rotated(v3, 48) ^ v2
            v0 = _rotated(v0, 32)
            v0, v2 = (v0 + v3) & _MASK, (v2 + v1) & _MASK
            v3, v1 = _rotated(v3, 43) ^ v0, _rotated(v1, 47) ^ v2
            v2 = _rotated(v2, 32)

    padded = data + bytes(-(len(data) + 1) % 8) + bytes([len(data) & 0xFF])
    for at in range(0, len(padded), 8):
        block = int.from_bytes(padded[at : at + 8], "little")
        v3 ^= block
        rounds(2)
        v0 ^= block
    v2 ^= 0xFF
    rounds(4)
    return v0 ^ v1 ^ v2 ^ v3
