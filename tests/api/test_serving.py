"""A start that cannot work says why and what to do, before anything is half done; one that is stopped leaves nothing behind."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from backend.serving import CannotServe, check_data, check_port
from tools import setup

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def taken() -> Iterator[int]:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        yield int(listener.getsockname()[1])


def test_a_port_that_is_taken_is_named_with_the_way_to_choose_another(taken: int) -> None:
    with pytest.raises(CannotServe, match=rf"Port {taken} is taken.*CMP_PORT={taken + 1} make run"):
        check_port("127.0.0.1", taken)


def test_the_command_ends_with_those_words_and_no_traceback(taken: int, tmp_path: Path) -> None:
    environment = os.environ | {"CMP_PORT": str(taken), "CMP_DATA_DIR": str(tmp_path / "var")}
    command = [sys.executable, "-m", "backend.cli", "serve"]
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 1
    assert "is taken by another program" in done.stderr
    assert "Traceback" not in done.stderr
    assert not (tmp_path / "var").exists()


def test_a_data_folder_that_cannot_be_written_to_is_named(tmp_path: Path) -> None:
    (tmp_path / "var").write_text("a file, not a folder")
    with pytest.raises(CannotServe, match="CMP_DATA_DIR"):
        check_data(tmp_path / "var")


def test_a_full_disk_is_told_from_a_network_that_is_away() -> None:
    assert "disk is full" in setup.advice("error: failed to write: No space left on device (os error 28)")
    assert "network" in setup.advice("error sending request: dns error: Temporary failure in name resolution")


def test_ctrl_c_stops_the_system_and_its_workers(tmp_path: Path) -> None:
    script = (
        "import asyncio, signal\n"
        "from backend.main import assemble\nfrom backend.settings import Settings\n"
        "async def main():\n"
        "    system = assemble(Settings(_env_file=None, data_dir='var', port=3999))\n"
        "    stopping = asyncio.Event()\n"
        "    asyncio.get_running_loop().add_signal_handler(signal.SIGINT, stopping.set)\n"
        "    await system.start()\n"
        "    while system.services.runner.health(): await asyncio.sleep(0.05)\n"
        "    print('ready', flush=True)\n"
        "    await stopping.wait()\n"
        "    await system.stop()\n"
        "asyncio.run(main())\n"
    )
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    with subprocess.Popen([sys.executable, "-c", script], cwd=tmp_path, env=environment, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert "ready" in process.stdout.readline()
        workers = psutil.Process(process.pid).children()
        process.send_signal(signal.SIGINT)
        assert process.wait(30) == 0
    assert workers
    assert not [worker for worker in workers if worker.is_running()]
