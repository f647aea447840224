"""`python -m backend.runner.worker FD BYTES PORTS`: the nursery. It imports lfx, and forks a template for each flow it is given.

Lines of JSON over the Unix socket FD. In: `{"open": {hash, home}}` with two descriptors, the template's own socket and the flow's file;
`{"reap": pid}` once a template has been killed, for only then may its number be given to another process. Out: `{"ready": true}`, then
`{"template": pid}` for each, or `{"failed": words}`. It is told here because a template runs the module of its flow, and might name any
process as itself.
The nursery ends when its parent does, and its templates with it.
"""

from __future__ import annotations

import asyncio
import os
import socket
import sys
from pathlib import Path
from typing import Any

from backend.runner.worker import graph, memory
from backend.runner.worker.channel import Channel
from backend.runner.worker.template import Template
from backend.runner.worker.walls import Walls


def main(descriptor: int, walls: Walls) -> None:
    channel = Channel(socket.socket(fileno=descriptor))
    asyncio.run(graph.rehearse())
    memory.settle()
    channel.say({"ready": True})
    while (message := channel.hear()) is not None:
        if "reap" in message:
            os.waitpid(message["reap"], 0)
            continue
        channel.say(_fork(channel, walls, message["open"]))


def _fork(channel: Channel, walls: Walls, given: dict[str, str]) -> dict[str, Any]:
    """What is said of it. A system that has no process left may have one for the next flow."""
    own, flow = channel.take_descriptor(), channel.take_descriptor()
    try:
        if (pid := os.fork()) == 0:
            try:
                channel.close()
                Template(Channel(socket.socket(fileno=own)), walls).live(flow, given["hash"], Path(given["home"]))
            finally:
                os._exit(1)
    except OSError as fault:
        return {"failed": f"No process can be started: {fault.strerror}."}
    finally:
        os.close(own)
        os.close(flow)
    return {"template": pid}


if __name__ == "__main__":
    main(int(sys.argv[1]), Walls(memory=int(sys.argv[2]), ports=tuple(int(port) for port in sys.argv[3].split(","))))
