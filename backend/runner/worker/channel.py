"""Lines of JSON over a Unix socket, with descriptors beside them. Blocks: nothing else goes on in a nursery or a template."""

from __future__ import annotations

import json
import socket
from collections import deque
from typing import Any


class Channel:
    def __init__(self, sock: socket.socket) -> None:
        sock.setblocking(True)
        self._sock = sock
        self._held = b""
        self._descriptors: deque[int] = deque()

    def say(self, message: dict[str, Any], descriptor: int | None = None) -> None:
        line = json.dumps(message).encode() + b"\n"
        if descriptor is None:
            self._sock.sendall(line)
        else:
            socket.send_fds(self._sock, [line], [descriptor])

    def hear(self) -> dict[str, Any] | None:
        """The next message; None when the other side is gone."""
        while b"\n" not in self._held:
            try:
                data, descriptors, _, _ = socket.recv_fds(self._sock, 65536, 8)
            except OSError:
                return None
            if not data:
                return None
            self._held += data
            self._descriptors.extend(descriptors)
        line, self._held = self._held.split(b"\n", 1)
        message: dict[str, Any] = json.loads(line)
        return message

    def take_descriptor(self) -> int:
        """The oldest that came and was not taken yet."""
        return self._descriptors.popleft()

    def close(self) -> None:
        self._sock.close()
