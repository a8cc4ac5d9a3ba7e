"""The load: prepared requests over kept-alive connections, sent by a process of its own on a core of its own.

One thread and one epoll. Requests are whole byte strings before the clock starts, and an answer is
only split into status and length, so this client can ask several times as often as the servers here
can answer. Each connection sends its next request when the last one is answered (a closed loop).
"""

from __future__ import annotations

import multiprocessing
import os
import re
import selectors
import socket
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from types import TracebackType
from typing import Self

SERVER_CORE, LOAD_CORE = 0, 1
_LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Wave:
    """What one wave of requests measured."""

    per_s: float
    p50_ms: float
    p99_ms: float
    refused: int  # answers that were no 2xx
    sample: str = ""  # the first of those


def pin(core: int) -> None:
    """Keep this process on one core, where the machine has it and lets us."""
    if hasattr(os, "sched_setaffinity") and core in os.sched_getaffinity(0):
        os.sched_setaffinity(0, {core})


class Gun:
    """A process that sends waves. `build(first, count)` makes the requests, in that process."""

    def __init__(self) -> None:
        self._pool = ProcessPoolExecutor(
            1,
            mp_context=multiprocessing.get_context("spawn"),
            initializer=pin,
            initargs=(LOAD_CORE,),
        )
        self._sent = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        _kind: type[BaseException] | None,
        _error: BaseException | None,
        _trace: TracebackType | None,
    ) -> None:
        self._pool.shutdown()

    def fire(
        self,
        port: int,
        build: Callable[[int, int], list[bytes]],
        *,
        count: int,
        connections: int,
        pause_s: float = 0.0,
    ) -> Wave:
        """Send `count` requests that no wave before has sent."""
        first, self._sent = self._sent, self._sent + count
        return self._pool.submit(_wave, port, build, first, count, connections, pause_s).result()


def _wave(
    port: int,
    build: Callable[[int, int], list[bytes]],
    first: int,
    count: int,
    connections: int,
    pause_s: float,
) -> Wave:
    requests = build(first, count)
    if connections == 1:
        took, total, answers = _one_by_one(port, requests, pause_s)
    else:
        took, total, answers = _together(port, requests, connections)
    took.sort()
    bad = [answer for answer in answers if not answer.startswith(b"HTTP/1.1 2")]
    return Wave(
        per_s=len(requests) / total,
        p50_ms=1000 * took[len(took) // 2],
        p99_ms=1000 * took[min(len(took) - 1, int(len(took) * 0.99))],
        refused=len(bad),
        sample=bad[0][:400].decode("utf-8", "replace") if bad else "",
    )


def _open(port: int) -> socket.socket:
    connection = socket.create_connection(("127.0.0.1", port), timeout=30)
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return connection


def _whole(data: bytes) -> bool:
    end = data.find(b"\r\n\r\n")
    if end < 0:
        return False
    found = _LENGTH.search(data, 0, end + 2)
    return found is None or len(data) >= end + 4 + int(found[1])


def _one_by_one(
    port: int, requests: Sequence[bytes], pause_s: float
) -> tuple[list[float], float, list[bytes]]:
    took, answers = [], []
    with _open(port) as connection:
        begun = time.perf_counter()
        for request in requests:
            if pause_s:
                time.sleep(pause_s)
            started = time.perf_counter()
            connection.sendall(request)
            answer = connection.recv(65536)
            while not _whole(answer):
                answer += _more(connection)
            took.append(time.perf_counter() - started)
            answers.append(answer)
        return took, time.perf_counter() - begun, answers


def _more(connection: socket.socket) -> bytes:
    part = connection.recv(65536)
    if not part:
        raise ConnectionError("the server closed the connection")
    return part


def _together(
    port: int, requests: Sequence[bytes], connections: int
) -> tuple[list[float], float, list[bytes]]:
    selector = selectors.DefaultSelector()
    started: dict[socket.socket, float] = {}
    parts: dict[socket.socket, bytes] = {}
    took: list[float] = []
    answers: list[bytes] = []
    left = iter(requests)
    now = time.perf_counter

    def send(connection: socket.socket) -> None:
        request = next(left, None)
        if request is not None:
            parts[connection] = b""
            started[connection] = now()
            connection.sendall(request)

    opened = [_open(port) for _ in range(connections)]
    begun = now()
    for one in opened:
        selector.register(one, selectors.EVENT_READ, one)
        send(one)
    while len(answers) < len(requests):
        ready = selector.select(30)
        if not ready:
            raise TimeoutError("no answer for 30 s")
        for key, _ in ready:
            connection: socket.socket = key.data
            answer = parts[connection] + _more(connection)
            if not _whole(answer):
                parts[connection] = answer
                continue
            took.append(now() - started[connection])
            answers.append(answer)
            send(connection)
    total = now() - begun
    for one in opened:
        one.close()
    selector.close()
    return took, total, answers


def http(method: str, path: str, headers: dict[str, str], body: bytes) -> bytes:
    """A request as bytes."""
    lines = [
        f"{method} {path} HTTP/1.1",
        "Host: 127.0.0.1",
        f"Content-Length: {len(body)}",
        *(f"{name}: {value}" for name, value in headers.items()),
    ]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body
