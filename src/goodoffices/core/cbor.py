# SPDX-License-Identifier: Apache-2.0
"""Deterministic CBOR (RFC 8949 §4.2.1), the strict subset that every signed byte uses.

Values: integers of at most 64 bits, byte strings, text (valid UTF-8), arrays, maps whose keys are
unsigned integers or text, booleans and null. Not here, on purpose: floats, tags, indefinite
lengths, undefined and other simple values. There is one encoding of each value, and ``decode``
accepts no other, so decode and encode are inverse on everything that decode accepts.

Arrays come back as tuples, so that a decoded value is immutable except for maps.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from goodoffices.core.errors import Malformed, Oversized

MAX_DEPTH = 16
"""Nesting beyond which bytes are refused. The deepest object of the format nests 9."""

MAX_SIZE = 1 << 20
"""Bytes that ``decode`` looks at unless told otherwise: four times the largest envelope."""

_UINT, _NINT, _BYTES, _TEXT, _ARRAY, _MAP, _TAG, _SIMPLE = range(8)


def encode(value: Any) -> bytes:
    """The one encoding of ``value``. Raises TypeError or ValueError on what has none."""
    out = bytearray()
    _encode(value, out, 0)
    return bytes(out)


def _head(major: int, number: int, out: bytearray) -> None:
    lead = major << 5
    if number < 24:
        out.append(lead | number)
    elif number < 0x100:
        out.append(lead | 24)
        out.append(number)
    elif number < 0x10000:
        out.append(lead | 25)
        out += number.to_bytes(2, "big")
    elif number < 0x100000000:
        out.append(lead | 26)
        out += number.to_bytes(4, "big")
    elif number < 0x10000000000000000:
        out.append(lead | 27)
        out += number.to_bytes(8, "big")
    else:
        raise ValueError("integer of more than 64 bits")


def _encode(value: Any, out: bytearray, depth: int) -> None:
    if depth > MAX_DEPTH:
        raise ValueError("nested too deeply")
    if value is None:
        out.append(0xF6)
    elif value is True:
        out.append(0xF5)
    elif value is False:
        out.append(0xF4)
    elif isinstance(value, int):
        if value >= 0:
            _head(_UINT, value, out)
        else:
            _head(_NINT, -1 - value, out)
    elif isinstance(value, (bytes, bytearray, memoryview)):
        _head(_BYTES, len(value), out)
        out += value
    elif isinstance(value, str):
        raw = value.encode("utf-8")
        _head(_TEXT, len(raw), out)
        out += raw
    elif isinstance(value, Mapping):
        _head(_MAP, len(value), out)
        pairs = sorted((_encode_key(key), item) for key, item in value.items())
        for key, item in pairs:
            out += key
            _encode(item, out, depth + 1)
    elif isinstance(value, Sequence):
        _head(_ARRAY, len(value), out)
        for item in value:
            _encode(item, out, depth + 1)
    else:
        raise TypeError(f"no encoding for {type(value).__name__}")


def _encode_key(key: Any) -> bytes:
    if isinstance(key, bool) or not isinstance(key, (int, str)) or (isinstance(key, int) and key < 0):
        raise TypeError("map keys are unsigned integers or text")
    return encode(key)


def decode(data: bytes, *, max_size: int = MAX_SIZE) -> Any:
    """The value whose encoding is exactly ``data``; raises Malformed or Oversized on all else."""
    if len(data) > max_size:
        raise Oversized(f"{len(data)} bytes where at most {max_size} are allowed.")
    value, end = _decode(data, 0, 0)
    if end != len(data):
        raise Malformed(f"{len(data) - end} bytes after the end of the object.")
    return value


def _argument(data: bytes, at: int) -> tuple[int, int, int]:
    try:
        lead = data[at]
    except IndexError:
        raise Malformed("The bytes end too early.") from None
    major, info = lead >> 5, lead & 31
    if info < 24:
        return major, info, at + 1
    if info > 27:
        raise Malformed("Indefinite length or reserved head.")
    width = 1 << (info - 24)
    raw = data[at + 1 : at + 1 + width]
    if len(raw) != width:
        raise Malformed("The bytes end too early.")
    number = int.from_bytes(raw, "big")
    if number < (24, 0x100, 0x10000, 0x100000000)[info - 24]:
        raise Malformed("A number is not in its shortest form.")
    return major, number, at + 1 + width


def _decode(data: bytes, at: int, depth: int) -> tuple[Any, int]:
    if depth > MAX_DEPTH:
        raise Malformed("Nested too deeply.")
    if at < len(data) and data[at] >> 5 == _SIMPLE:
        simple = {0xF4: False, 0xF5: True, 0xF6: None}
        if data[at] not in simple:
            raise Malformed("Floats and simple values other than true, false and null have no place here.")
        return simple[data[at]], at + 1
    major, number, at = _argument(data, at)
    if major == _UINT:
        return number, at
    if major == _NINT:
        return -1 - number, at
    if major == _TAG:
        raise Malformed("Tags have no place here.")
    # Every item takes at least one byte, so a length beyond the input is refused before any work.
    if number > len(data) - at:
        raise Malformed("A length reaches beyond the end.")
    if major == _BYTES:
        return bytes(data[at : at + number]), at + number
    if major == _TEXT:
        try:
            return bytes(data[at : at + number]).decode("utf-8"), at + number
        except UnicodeDecodeError:
            raise Malformed("Text that is not UTF-8.") from None
    if major == _ARRAY:
        items = []
        for _ in range(number):
            item, at = _decode(data, at, depth + 1)
            items.append(item)
        return tuple(items), at
    return _decode_map(data, at, number, depth)


def _decode_map(data: bytes, at: int, number: int, depth: int) -> tuple[dict[int | str, Any], int]:
    mapping: dict[int | str, Any] = {}
    last = b""
    for _ in range(number):
        start = at
        key, at = _decode(data, at, depth + 1)
        if isinstance(key, bool) or not isinstance(key, (int, str)) or (isinstance(key, int) and key < 0):
            raise Malformed("A map key is neither an unsigned integer nor text.")
        raw = bytes(data[start:at])
        if raw <= last:
            raise Malformed("Map keys are out of order or repeated.")
        last = raw
        mapping[key], at = _decode(data, at, depth + 1)
    return mapping, at
