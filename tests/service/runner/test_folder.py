"""The folder that a server's flows write below: gone with it, and cleared away by the next one when it was killed."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from backend.runner.folder import Folder

ROOT = Path(__file__).resolve().parents[3]
HOLDS = """
import sys
from pathlib import Path
from backend.runner.folder import Folder
folder = Folder(Path(sys.argv[1]))
folder.hold()
(folder.path / "of a customer").mkdir()
(folder.path / "of a customer" / "answer.txt").write_text("An answer.")
print(folder.path.name, flush=True)
sys.stdin.read()
"""


def emptied(folder: Path) -> bool:
    end = time.monotonic() + 20
    while folder.exists() and time.monotonic() < end:
        time.sleep(0.01)
    return not folder.exists()


def test_a_killed_servers_folder_is_cleared_away_by_the_next_and_a_living_ones_is_not(tmp_path: Path) -> None:
    servers = [
        subprocess.Popen([sys.executable, "-c", HOLDS, str(tmp_path)], cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        for _ in range(2)
    ]
    killed, living = (tmp_path / (server.stdout.readline().strip() if server.stdout else "") for server in servers)
    servers[0].send_signal(signal.SIGKILL)
    servers[0].wait(20)
    try:
        assert (killed / "of a customer" / "answer.txt").exists()
        next_one = Folder(tmp_path)
        next_one.hold()
        assert emptied(killed)
        assert (living / "of a customer" / "answer.txt").exists()
        assert next_one.path.is_dir()
        next_one.release()
        assert emptied(next_one.path)
    finally:
        for server in servers:
            with server:
                if server.stdin:
                    server.stdin.close()


def test_what_is_no_folder_of_a_server_is_left_alone(tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    shared = tmp_path / "runner"
    shared.mkdir()
    (shared / "a file").write_text("kept")
    (shared / "a link").symlink_to(outside)
    folder = Folder(shared)
    folder.hold()
    folder.hold()
    assert sorted(path.name for path in shared.iterdir()) == sorted(["a file", "a link", folder.path.name])
    assert outside.exists()
    folder.release()
    folder.release()
    assert emptied(folder.path)


def test_a_folder_that_cannot_be_made_is_made_when_it_can(tmp_path: Path) -> None:
    shared = tmp_path / "runner"
    shared.write_text("a file where the folder should be")
    folder = Folder(shared)
    before = psutil.Process().num_fds()
    with pytest.raises(OSError, match="File exists"):
        folder.hold()
    assert psutil.Process().num_fds() == before
    shared.unlink()
    folder.hold()
    assert folder.path.is_dir()
    folder.release()
