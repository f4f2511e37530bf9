"""The page's WebAssembly module, byte by byte: a vector times a matrix, with SIMD.

`python -m seqgen.shell.studio.kernel` prints it in base64, as it stands in page/runtime/products.js. It imports its memory
and exports one function of addresses, `add(vector, vector_end, panel, sums, sums_end)`: `COLUMNS` sums at once stay in
registers while the rows of their panel are added. Panels `[rows, COLUMNS]` of float32 lie one behind another, so that
memory is read in the order in which it lies. Opcodes: WebAssembly Core Specification 2.0, section 5.4.
"""

from __future__ import annotations

import base64

REGISTERS = 4  # of four lanes each
COLUMNS = 4 * REGISTERS
FLOAT, LANES = 4, 16  # bytes of a number, and of a register

I32, V128, FUNCTION, NO_RESULT = b"\x7f", b"\x7b", b"\x60", b"\x40"  # types
ADD, BELOW, CONST = b"\x6a", b"\x49", b"\x41"  # of i32
GET, SET, TEE = b"\x20", b"\x21", b"\x22"  # of locals
LOOP, AGAIN_IF, END = b"\x03" + NO_RESULT, b"\x0d\x00", b"\x0b"
SIMD = b"\xfd"
LOAD, SPLAT, STORE = SIMD + b"\x00\x04", SIMD + b"\x09\x02", SIMD + b"\x0b\x04"  # with how they are aligned
PLUS, TIMES = SIMD + b"\xe4\x01", SIMD + b"\xe6\x01"  # of four float32
TYPES, IMPORTS, FUNCTIONS, EXPORTS, CODE = 1, 2, 3, 7, 10  # sections

VECTOR, VECTOR_END, PANEL, SUMS, SUMS_END, AT, VALUE, *LOCALS = (bytes([i]) for i in range(7 + REGISTERS))


def module() -> bytes:
    """The bytes of the module.

    >>> module()[:8], len(module())
    (b'\\x00asm\\x01\\x00\\x00\\x00', 236)
    """
    registers = [(local, bytes([LANES * i])) for i, local in enumerate(LOCALS)]
    row = GET + AT + SPLAT + b"\x00" + SET + VALUE
    for local, offset in registers:
        row += GET + local + GET + VALUE + GET + PANEL + LOAD + offset + TIMES + PLUS + SET + local
    row += _moved(PANEL, FLOAT * COLUMNS) + SET + PANEL
    row += _moved(AT, FLOAT) + TEE + AT + GET + VECTOR_END + BELOW + AGAIN_IF
    panel = b"".join(GET + SUMS + LOAD + offset + SET + local for local, offset in registers)
    panel += GET + VECTOR + SET + AT + LOOP + row + END
    panel += b"".join(GET + SUMS + GET + local + STORE + offset for local, offset in registers)
    panel += _moved(SUMS, FLOAT * COLUMNS) + TEE + SUMS + GET + SUMS_END + BELOW + AGAIN_IF
    body = _list(b"\x01" + I32, _number(1 + REGISTERS) + V128) + LOOP + panel + END + END
    unnamed, memory, function = b"\x00", b"\x02\x00\x00", b"\x00"  # a memory of any size; the first function
    sections = {
        TYPES: FUNCTION + _list(*[I32] * 5) + _list(),
        IMPORTS: unnamed + unnamed + memory,
        FUNCTIONS: function,
        EXPORTS: unnamed + function + function,
        CODE: _sized(body),
    }
    whole = (bytes([kind]) + _sized(_list(content)) for kind, content in sections.items())
    return b"\x00asm\x01\x00\x00\x00" + b"".join(whole)


def _number(value: int) -> bytes:
    """LEB128: seven bits a byte, the lowest first."""
    return bytes([value]) if value < 128 else bytes([value & 127 | 128]) + _number(value >> 7)


def _moved(local: bytes, by: int) -> bytes:
    """A constant has a sign, in bit 6 of its last byte."""
    return GET + local + CONST + (bytes([by]) if by < 64 else bytes([by & 127 | 128, by >> 7])) + ADD


def _list(*items: bytes) -> bytes:
    return _number(len(items)) + b"".join(items)


def _sized(content: bytes) -> bytes:
    return _number(len(content)) + content


if __name__ == "__main__":
    print(base64.b64encode(module()).decode())
