# SPDX-License-Identifier: Apache-2.0
"""Deterministic CBOR (RFC 8949 §4.2.1), the strict subset that every signed byte uses.

Values: integers of at most 64 bits, byte strings, text (valid UTF-8), arrays, maps whose keys are
unsigned integers or text, booleans and null. Not here, on purpose: floats, tags, indefinite
lengths, undefined and other simple values. There is one encoding of each value, and ``decode``
accepts no other, so decode and encode are inverse on everything that decode accepts.

Arrays come back as tuples, so that a decoded value is immutable except for maps.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
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


def joined(items: Sequence[bytes]) -> bytes:
    """The encoding of an array whose items are encoded already; it is no deeper than they allow."""
    out = bytearray()
    _head(_ARRAY << 5, len(items), out)
    return bytes(out) + b"".join(items)


def _head(lead: int, number: int, out: bytearray) -> None:
    """The head of an item; ``lead`` is its major type shifted into place."""
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


_BYTES_HEADS = tuple(
    bytes([_BYTES << 5 | size]) if size < 24 else bytes([_BYTES << 5 | 24, size]) for size in range(256)
)
"""Heads of byte strings by their length: keys, IDs, signatures and salts are short."""


def _encode_items(items: Iterable[Any], out: bytearray, depth: int) -> None:
    """What stands inside an array, at ``depth``; short byte strings and small numbers without a call of their own."""
    for item in items:
        kind = type(item)
        if kind is bytes:
            if len(item) < 256:
                out += _BYTES_HEADS[len(item)]
            else:
                _head(_BYTES << 5, len(item), out)
            out += item
        elif kind is int and 0 <= item < 24:
            out.append(item)
        else:
            _encode(item, out, depth)


def _encode(value: Any, out: bytearray, depth: int) -> None:
    # The order is that of how often each comes: every note is written and read dozens of times on its way.
    if depth > MAX_DEPTH:
        raise ValueError("nested too deeply")
    kind = type(value)
    if kind is bytes:
        _head(_BYTES << 5, len(value), out)
        out += value
    elif kind is int:
        if 0 <= value < 24:
            out.append(value)
        elif value >= 0:
            _head(_UINT << 5, value, out)
        else:
            _head(_NINT << 5, -1 - value, out)
    elif kind is tuple or kind is list:
        _head(_ARRAY << 5, len(value), out)
        if value and depth == MAX_DEPTH:
            raise ValueError("nested too deeply")
        _encode_items(value, out, depth + 1)
    elif kind is str:
        raw = value.encode("utf-8")
        _head(_TEXT << 5, len(raw), out)
        out += raw
    elif value is None:
        out.append(0xF6)
    elif kind is bool:
        out.append(0xF5 if value else 0xF4)
    elif kind is dict:
        _encode_map(value, out, depth)
    else:
        _encode(_plain(value), out, depth)


def _encode_map(value: dict[Any, Any], out: bytearray, depth: int) -> None:
    _head(_MAP << 5, len(value), out)
    if value and depth == MAX_DEPTH:
        raise ValueError("nested too deeply")
    if {*map(type, value)} == _NUMBERS:
        keys = sorted(value)
        if keys[0] >= 0 and keys[-1] < 24:
            # Keys of one byte each, as almost every signed object has them: their order is that of the numbers.
            for key in keys:
                out.append(key)
                item = value[key]
                if type(item) is bytes and len(item) < 256:
                    out += _BYTES_HEADS[len(item)]
                    out += item
                else:
                    _encode(item, out, depth + 1)
            return
    for raw, item in sorted((_encode_key(key), item) for key, item in value.items()):
        out += raw
        _encode(item, out, depth + 1)


_NUMBERS = {int}


def _plain(value: Any) -> bytes | int | str | tuple[Any, ...] | dict[Any, Any]:
    """The value of a plain type that one of a rarer type stands for."""
    if isinstance(value, int):
        return int(value)
    if isinstance(value, str):
        return str.__str__(value)
    if isinstance(value, (bytes, bytearray, memoryview)):
        return bytes(value)
    if isinstance(value, Mapping):
        return dict(value)
    if isinstance(value, Sequence):
        return tuple(value)
    raise TypeError(f"no encoding for {type(value).__name__}")


def _encode_key(key: Any) -> bytes:
    if isinstance(key, bool) or not isinstance(key, (int, str)) or (isinstance(key, int) and key < 0):
        raise TypeError("map keys are unsigned integers or text")
    return encode(key)


def decode(data: bytes, *, max_size: int = MAX_SIZE) -> Any:
    """The value whose encoding is exactly ``data``; raises Malformed or Oversized on all else."""
    if len(data) > max_size:
        raise Oversized(f"{len(data)} bytes where at most {max_size} are allowed.")
    data = bytes(data)
    try:
        value, end = _decode(data, 0, 0)
    except IndexError:
        raise Malformed("The bytes end too early.") from None
    if end != len(data):
        raise Malformed(f"{len(data) - end} bytes after the end of the object.")
    return value


def _long_argument(data: bytes, at: int, info: int) -> tuple[int, int]:
    """The number of a head that takes 1 to 8 bytes more, and where it ends."""
    if info > 27:
        raise Malformed("Indefinite length or reserved head.")
    end = at + (1 << (info - 24))
    if end > len(data):
        raise Malformed("The bytes end too early.")
    number = int.from_bytes(data[at:end], "big")
    if number < _SHORTEST[info - 24]:
        raise Malformed("A number is not in its shortest form.")
    return number, end


_SHORTEST = (24, 0x100, 0x10000, 0x100000000)
_BYTES_OF_ONE = _BYTES << 5 | 24
"""The head of a byte string whose length takes one byte more: of every ID, key, signature and salt."""
_SIMPLES = {0xF4: False, 0xF5: True, 0xF6: None}


def _decode(data: bytes, at: int, depth: int) -> tuple[Any, int]:
    """(value, end) of the item at ``at``; raises IndexError where the bytes end before a head."""
    if depth > MAX_DEPTH:
        raise Malformed("Nested too deeply.")
    lead = data[at]
    if lead < 24:
        return lead, at + 1
    major, info, at = lead >> 5, lead & 31, at + 1
    if major == _SIMPLE:
        if lead not in _SIMPLES:
            raise Malformed("Floats and simple values other than true, false and null have no place here.")
        return _SIMPLES[lead], at
    if info < 24:
        number = info
    elif info == 24 and data[at] >= 24:
        number, at = data[at], at + 1
    else:
        number, at = _long_argument(data, at, info)
    if major == _BYTES:
        return _cut(data, at, number)
    if major == _UINT:
        return number, at
    if major == _NINT:
        return -1 - number, at
    return _decode_rarer(data, at, major, number, depth)


def _decode_rarer(data: bytes, at: int, major: int, number: int, depth: int) -> tuple[Any, int]:
    if major == _TAG:
        raise Malformed("Tags have no place here.")
    # Every item takes at least one byte, so a length beyond the input is refused before any work.
    if number > len(data) - at:
        raise Malformed("A length reaches beyond the end.")
    if major == _TEXT:
        try:
            return data[at : at + number].decode("utf-8"), at + number
        except UnicodeDecodeError:
            raise Malformed("Text that is not UTF-8.") from None
    if number and depth == MAX_DEPTH:
        raise Malformed("Nested too deeply.")
    if major == _ARRAY:
        return _decode_array(data, at, number, depth + 1)
    return _decode_map(data, at, number, depth + 1)


def _decode_array(data: bytes, at: int, number: int, depth: int) -> tuple[tuple[Any, ...], int]:
    """``number`` items at ``depth``; short byte strings and small numbers without a call of their own."""
    items: list[Any] = []
    item: Any
    for _ in range(number):
        lead = data[at]
        if lead < 24:
            item, at = lead, at + 1
        elif lead == _BYTES_OF_ONE and 24 <= data[at + 1] <= len(data) - at - 2:
            start = at + 2
            at = start + data[at + 1]
            item = data[start:at]
        else:
            item, at = _decode(data, at, depth)
        items.append(item)
    return tuple(items), at


def _cut(data: bytes, at: int, size: int) -> tuple[bytes, int]:
    end = at + size
    if end > len(data):
        raise Malformed("A length reaches beyond the end.")
    return data[at:end], end


def _decode_map(data: bytes, at: int, number: int, depth: int) -> tuple[dict[int | str, Any], int]:
    mapping: dict[int | str, Any] = {}
    short = -1  # the last key of one byte; such keys stand before all longer ones
    long = b""
    for _ in range(number):
        lead, start = data[at], at
        key: Any
        if lead < 24:
            if lead <= short:
                raise Malformed("Map keys are out of order or repeated.")
            key, short, at = lead, lead, at + 1
        else:
            key, at = _decode(data, at, depth)
            if isinstance(key, bool) or not isinstance(key, (int, str)) or (isinstance(key, int) and key < 0):
                raise Malformed("A map key is neither an unsigned integer nor text.")
            if data[start:at] <= long:
                raise Malformed("Map keys are out of order or repeated.")
            long, short = data[start:at], 24
        lead = data[at]
        if lead == _BYTES_OF_ONE and 24 <= data[at + 1] <= len(data) - at - 2:
            start = at + 2
            at = start + data[at + 1]
            mapping[key] = data[start:at]
        elif lead < 24:
            mapping[key], at = lead, at + 1
        else:
            mapping[key], at = _decode(data, at, depth)
    return mapping, at
