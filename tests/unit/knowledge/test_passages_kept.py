"""What a reader hands over is text that every database keeps."""

from __future__ import annotations

import json

from backend.control_plane.knowledge.extraction import _passages
from backend.control_plane.knowledge.policy import Block


def test_null_characters_and_halves_of_pairs_do_not_reach_the_index() -> None:
    said = json.dumps({"passages": [["p. 1\x00", "keys\x00 and \ud800 doors"]]}).encode()
    assert _passages(0, said) == [Block("p. 1 ", "keys  and ? doors")]
