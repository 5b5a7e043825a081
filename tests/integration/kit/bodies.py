"""Words for tests of REST: bodies that are right, variants of them, and what answers must hold."""

import copy

SOURCE = {"name": "shop", "config": {"host": "127.0.0.1", "port": 1, "database": "d", "user": "u",
                                     "password": "pw-of-the-source"}}
TARGET = {"name": "search", "api": {"url": "http://127.0.0.1", "port": 2}}
JOB = {"name": "orders",
       "source": {"name": "shop", "table_name": "orders", "columns": ["id", "status"]},
       "target": {"name": "search", "index": "orders", "type": "index", "id": "order_id",
                  "mappings": [
                      {"source_column": "id", "alias": "order_id", "type": "integer"},
                      {"source_column": "status", "alias": "status", "type": "text"}]}}
KINDS = {"sources": SOURCE, "targets": TARGET, "jobs": JOB}


def changed(body, **paths):
    """A deep copy with values at "a__b" paths replaced; None removes."""
    result = copy.deepcopy(body)
    for path, value in paths.items():
        *parents, last = path.split("__")
        place = result
        for parent in parents:
            place = place[parent]
        if value is None:
            del place[last]
        else:
            place[last] = value
    return result


def assert_error(answer, status, code):
    assert answer.status_code == status, answer.text
    body = answer.json()
    assert body["result"] is False
    assert isinstance(body["data"], str) and body["data"]
    assert body["error"]["code"] == code
    return body


def assert_invalid(answer, *paths):
    """400 whose details name exactly these paths (in any order)."""
    body = assert_error(answer, 400, "invalid")
    details = body["error"]["details"]
    assert all(entry["message"] for entry in details)
    assert sorted(entry["path"] for entry in details) == sorted(paths), details
    return details
