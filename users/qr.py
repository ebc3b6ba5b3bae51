"""QR pictures of a text, as SVG and PNG, without a picture library: one path, or one bit per point."""

import struct
import zlib
from collections.abc import Sequence

from qrcode.constants import ERROR_CORRECT_M
from qrcode.main import QRCode

BORDER = 4
"""Modules of quiet zone, as the standard asks."""
SCALE = 12
"""Points of a PNG per module."""

Matrix = Sequence[Sequence[bool]]


def matrix(text: str) -> Matrix:
    """The modules of a text, quiet zone included; true is dark."""
    code = QRCode(error_correction=ERROR_CORRECT_M, border=BORDER)
    code.add_data(text)
    code.make(fit=True)
    modules: Matrix = code.get_matrix()
    return modules


def svg(text: str) -> bytes:
    """The picture as SVG: every dark run of a row is a part of one path."""
    modules = matrix(text)
    size = len(modules)
    path = "".join(
        f"M{start} {y}h{end - start}v1h-{end - start}z"
        for y, row in enumerate(modules)
        for start, end in _runs(row)
    )
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {size} {size}" shape-rendering="crispEdges">'
        f'<path fill="#fff" d="M0 0h{size}v{size}H0z"/><path d="{path}"/></svg>'
    ).encode()


def png(text: str, scale: int = SCALE) -> bytes:
    """The picture as a black and white PNG."""
    modules = matrix(text)
    width = len(modules) * scale
    lines = b"".join(_line(row, scale) * scale for row in modules)
    header = struct.pack(">IIBBBBB", width, width, 1, 0, 0, 0, 0)
    chunks = ((b"IHDR", header), (b"IDAT", zlib.compress(lines, 9)), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(_chunk(kind, data) for kind, data in chunks)


def _runs(row: Sequence[bool]) -> list[tuple[int, int]]:
    """Where dark runs begin and end."""
    edges = [x for x in range(len(row) + 1) if (x < len(row) and row[x]) != (x > 0 and row[x - 1])]
    return list(zip(edges[::2], edges[1::2], strict=True))


def _line(row: Sequence[bool], scale: int) -> bytes:
    """One row of points: no filter, a bit per point, 1 is white."""
    bits = "".join(("0" if dark else "1") * scale for dark in row)
    bits = bits.ljust(-(-len(bits) // 8) * 8, "1")
    return b"\x00" + int(bits, 2).to_bytes(len(bits) // 8, "big")


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
