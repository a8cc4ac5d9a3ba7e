"""The bytes of what the emulator makes: a small but valid PDF, and the zip of a channel export."""

from __future__ import annotations

import html
import io
import json
import zipfile
from collections.abc import Iterable
from typing import Any, Literal


def pdf(lines: Iterable[str]) -> bytes:
    """Lay lines out on one page of a PDF that every viewer opens."""
    shown = [line.encode("latin-1", "replace").decode("latin-1") for line in lines]
    escaped = [line.translate({40: "\\(", 41: "\\)", 92: "\\\\"}) for line in shown]
    drawn = " ".join(f"({line}) Tj T*" for line in escaped[:50])
    stream = f"BT /F1 11 Tf 14 TL 50 800 Td {drawn} ET".encode("latin-1")
    objects = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Resources 6 0 R /Contents 4 0 R >>",
        b"<< /Length %d >>\nstream\n%b\nendstream" % (len(stream), stream),
        b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
        b"<< /Font << /F1 5 0 R >> >>",
    ]
    written = bytearray(b"%PDF-1.4\n")
    offsets = []
    for number, body in enumerate(objects, start=1):
        offsets.append(len(written))
        written += b"%d 0 obj\n%b\nendobj\n" % (number, body)
    start = len(written)
    written += b"xref\n0 7\n0000000000 65535 f \n"
    written += b"".join(b"%010d 00000 n \n" % offset for offset in offsets)
    written += b"trailer\n<< /Size 7 /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n" % start
    return bytes(written)


def export_zip(name: str, form: Literal["html", "json"], messages: list[dict[str, Any]]) -> bytes:
    """Pack messages as Rocket.Chat does: one file and an `assets/` folder.

    The JSON form is newline-delimited objects and no array, whatever its name says
    (`server/lib/dataExport/exportRoomMessagesToFile.ts`).
    """
    if form == "html":
        rows = (
            f"<p><strong>{html.escape(m['u']['username'])}</strong> ({m['ts']}):<br/>"
            f"{html.escape(m['msg'])}</p>"
            for m in messages
        )
        text = '<meta http-equiv="content-type" content="text/html; charset=utf-8">' + "".join(rows)
    else:
        text = "".join(json.dumps(_exported(m)) + "\n" for m in messages)
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(f"{name}.{form}", text)
        archive.writestr("assets/", "")
    return packed.getvalue()


def _exported(message: dict[str, Any]) -> dict[str, Any]:
    shown = {"msg": message["msg"], "username": message["u"]["username"], "ts": message["ts"]}
    return shown | ({"type": message["t"]} if "t" in message else {})
