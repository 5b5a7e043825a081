"""Scenarios: something goes wrong while writers write. One folder each."""

import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))

import pytest  # noqa: E402
from scene import Scene  # noqa: E402


@pytest.fixture
def scene(stage, second_postgres):
    """A shop with jobs of every kind behind proxies, and a bystander beside it; all live."""
    scene = Scene(stage, second_postgres)
    yield scene
    scene.end()
