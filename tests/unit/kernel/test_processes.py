"""A process that is ended is gone, however much it had to say."""

from __future__ import annotations

import asyncio
import sys

from backend.kernel.processes import end


async def test_a_process_whose_output_nobody_reads_is_ended() -> None:
    program = "import os; [os.write(1, bytes(65536)) for _ in range(100)]"
    process = await asyncio.create_subprocess_exec(sys.executable, "-c", program, stdout=asyncio.subprocess.PIPE, limit=1)
    assert process.stdout is not None
    # More than the reader's limit has come by then, so that asyncio looks away from the pipe.
    assert await process.stdout.readexactly(1) == b"\0"
    await asyncio.wait_for(end(process), 30)
    assert process.returncode == -9


async def test_a_process_that_has_ended_is_left_alone() -> None:
    process = await asyncio.create_subprocess_exec(sys.executable, "-c", "print('done')", stdout=asyncio.subprocess.PIPE)
    await process.communicate()
    await end(process)
    assert process.returncode == 0
