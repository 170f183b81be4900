"""What several pages read of their address: how far a lineage goes."""

from __future__ import annotations

import pytest
from django.core.exceptions import BadRequest

from registry.lineage import DEEPEST
from registry.reading import depth_of


def test_a_depth_is_a_whole_number_that_is_not_too_deep() -> None:
    assert depth_of(str(DEEPEST)) == DEEPEST


@pytest.mark.parametrize("text", ["0", "²", "1.0", str(DEEPEST + 1), "0015", "001" + "0" * 5000])
def test_anything_else_is_no_depth(text: str) -> None:
    with pytest.raises(BadRequest):
        depth_of(text)
