"""Lines of JSON with descriptors beside them, as the processes that run flows speak; from the side of a loop, which must not wait."""

from __future__ import annotations

import json
import os
import socket
from collections import deque
from collections.abc import Mapping, Sequence
from typing import Any

MOST = 1024 * 1024
"""Bytes of one message."""
WAITING = 8
"""Descriptors that may have come before their messages."""
UNREADABLE = (ValueError, KeyError, TypeError, IndexError, AttributeError, OverflowError, RecursionError)
"""What is raised by a message, or what is looked for in it, when flow code made it."""


def send(sock: socket.socket, message: Mapping[str, object], descriptors: Sequence[int] = ()) -> None:
    """Short messages alone, for it takes what the socket takes at once. Raises OSError."""
    socket.send_fds(sock, [json.dumps(message).encode() + b"\n"], list(descriptors))


class Inbox:
    """Of a socket that never blocks."""

    def __init__(self, sock: socket.socket) -> None:
        self._sock = sock
        self._held = b""
        self._descriptors: deque[int] = deque()
        self.closed = False

    def take(self) -> list[dict[str, Any]]:
        """Whole messages that have come. `closed` tells afterwards whether more will. Raises ValueError, RecursionError."""
        try:
            data, descriptors, _, _ = socket.recv_fds(self._sock, 65536, 64)
        except BlockingIOError:
            return []
        except OSError:
            data, descriptors = b"", []
        self.closed = not data
        self._descriptors.extend(descriptors)
        if len(self._descriptors) > WAITING:
            self.close()
            raise ValueError("descriptors that nobody asked for")
        *lines, self._held = (self._held + data).split(b"\n")
        if len(self._held) > MOST:
            raise ValueError("a message without end")
        return [json.loads(line) for line in lines]

    def take_descriptor(self) -> int:
        """The oldest that came and was not taken yet."""
        return self._descriptors.popleft()

    def close(self) -> None:
        for descriptor in self._descriptors:
            os.close(descriptor)
        self._descriptors.clear()
