"""A Syncline for each test, without a database or a cluster."""

import pytest
from bodies import KINDS
from syncline import Syncline


@pytest.fixture
def syncline(request, tmp_path):
    syncline = Syncline(tmp_path / "syncline")
    request.node.log_paths = [syncline.log_path]
    yield syncline.start()
    syncline.end()


@pytest.fixture
def api(syncline):
    return syncline.api


@pytest.fixture
def configured(api):
    for kind, body in KINDS.items():
        api.create(kind, body)
    return api
