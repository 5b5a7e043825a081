"""Reading whole indices and comparing them with what they must hold."""

import json

from oracle_types import family, load_json

PAGE = 5000
SHOWN = 5


def read_index(server, index):
    """{_id: _source} of every document, after a refresh; numbers are Decimals."""
    with server.session() as session:
        answer = session.post(f"{server.url}/{index}/_refresh")
        if answer.status_code == 404:
            return {}
        answer.raise_for_status()
        return dict(_scroll(session, server.url, index))


def _scroll(session, url, index):
    answer = session.post(f"{url}/{index}/_search?scroll=2m",
                          json={"size": PAGE, "sort": ["_doc"]})
    while True:
        answer.raise_for_status()
        page = load_json(answer.text)
        assert page["_shards"]["failed"] == 0, page["_shards"]
        for hit in page["hits"]["hits"]:
            yield hit["_id"], hit["_source"]
        if not page["hits"]["hits"]:
            session.delete(f"{url}/_search/scroll", json={"scroll_id": page["_scroll_id"]})
            return
        answer = session.post(f"{url}/_search/scroll",
                              json={"scroll": "2m", "scroll_id": page["_scroll_id"]})


def same(left, right):
    """Equal as JSON: numbers by value, but true is not 1, and 1 is not "1"."""
    if isinstance(left, dict) and isinstance(right, dict):
        return left.keys() == right.keys() and all(same(left[key], right[key]) for key in left)
    if isinstance(left, list) and isinstance(right, list):
        return len(left) == len(right) and all(map(same, left, right))
    return family(left) == family(right) and left == right


def differences(expected, found):
    """Sentences about the documents that differ; empty if none does."""
    def shown(value):
        return json.dumps(value, default=str, ensure_ascii=False, sort_keys=True)

    result = []
    for identity in sorted(expected.keys() - found.keys()):
        result.append(f"missing {identity!r}: {shown(expected[identity])}")
    for identity in sorted(found.keys() - expected.keys()):
        result.append(f"extra {identity!r}: {shown(found[identity])}")
    for identity in sorted(expected.keys() & found.keys()):
        if not same(expected[identity], found[identity]):
            result.append(f"different {identity!r}:\n    tables say {shown(expected[identity])}"
                          f"\n    index has  {shown(found[identity])}")
    return result


def assert_same_documents(expected, found):
    wrong = differences(expected, found)
    assert not wrong, (f"{len(wrong)} documents differ ({len(expected)} expected, {len(found)} "
                       "found); the first:\n  " + "\n  ".join(wrong[:SHOWN]))
