"""A build that fails says what to do; one that is not needed is not done."""

from __future__ import annotations

from pathlib import Path

import pytest

from cmp_web import build


@pytest.mark.parametrize(
    ("said", "words"),
    [
        ("npm error code ENOSPC\nnpm error nospc write", "The disk is full"),
        ("node: error while loading shared libraries: libstdc++.so.6: cannot open shared object file", "apt install libstdc++6"),
        ("node: /lib/x86_64-linux-gnu/libc.so.6: version `GLIBC_2.28' not found", "C library is missing or too old"),
        ("npm error code EAI_AGAIN", "npm could not fetch a package"),
        ("FATAL ERROR: Reached heap limit Allocation failed - JavaScript heap out of memory", "not enough memory"),
        ("EACCES: permission denied, mkdir", "belongs to another user"),
        ("Error: Cannot find module './nowhere'", "The site could not be built"),
    ],
)
def test_each_known_cause_is_told_in_words_with_the_output_below(said: str, words: str) -> None:
    told = build.explain(said)
    assert words in told
    assert said.splitlines()[-1] in told


def test_what_a_site_is_built_from_is_its_fingerprint(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "cmp_web").mkdir()
    page = tmp_path / "cmp_web" / "page.py"
    page.write_text("one")
    monkeypatch.setattr(build, "ROOT", tmp_path)
    before = build.fingerprint()
    assert build.fingerprint() == before
    page.write_text("two")
    assert build.fingerprint() != before
    page.write_text("one")
    assert build.fingerprint() == before
