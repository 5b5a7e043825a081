"""The owner of a foreign index: whoever writes its documents, other than Syncline."""

import json

from common import wait_for
from indices import assert_same_documents, read_index
from oracle import Oracle, settled
from oracle_types import load_json

TURN_UP_S = 30


class RawNumber(str):
    """A number as it is written: 1.10 is not 1.1 here."""


def load_raw(text):
    """JSON with numbers as written and fields in their order, for telling untouched from equal."""
    return json.loads(text, parse_float=RawNumber, parse_int=RawNumber)


class Owner:
    def __init__(self, stage, index=None):
        self.stage = stage
        self.index = index or stage.index()
        self.url = f"{stage.opensearch.url}/{self.index}"
        self.session = stage.opensearch.session()
        self.written = {}  # what each document must hold of its owner's: {_id: JSON text}
        self.emptied = {}  # as for Oracle.foreign_documents()

    def create(self, **fields):
        """Makes the index; fields: mappings of some."""
        answer = self.session.put(self.url, json={"mappings": {"properties": fields}})
        assert answer.status_code == 200, answer.text

    def write(self, documents):
        """{_id: source or JSON text}: new documents and whole replacements."""
        texts = {identity: source if isinstance(source, str) else json.dumps(source)
                 for identity, source in documents.items()}
        lines = "".join(f'{json.dumps({"index": {"_id": identity}})}\n{text}\n'
                        for identity, text in texts.items())
        self._bulk(lines)
        self.written.update(texts)

    def set(self, identity, **fields):
        """Changes fields of one document, as a partial update does."""
        answer = self.session.post(f"{self.url}/_update/{identity}?retry_on_conflict=20",
                                   json={"doc": fields})
        assert answer.status_code == 200, answer.text
        self.written[identity] = json.dumps({**json.loads(self.written[identity]), **fields})

    def delete(self, *identities):
        self._bulk("".join(json.dumps({"delete": {"_id": identity}}) + "\n"
                           for identity in identities))
        for identity in identities:
            del self.written[identity]

    def _bulk(self, lines):
        answer = self.session.post(f"{self.url}/_bulk", lines.encode(),
                                   headers={"Content-Type": "application/x-ndjson"})
        assert answer.status_code == 200 and not answer.json()["errors"], answer.text

    def exists(self):
        return self.session.head(self.url).status_code == 200

    # -- judging -------------------------------------------------------------------------------

    def jobs(self):
        return [job for job in self.stage.jobs.values() if job["target"]["index"] == self.index]

    def found(self):
        return read_index(self.stage.opensearch, self.index)

    def assert_equal(self):
        """Our fields are as the tables have it, the owner's untouched; no document more or less."""
        owned = {identity: load_json(text) for identity, text in self.written.items()}
        oracle = Oracle(self.jobs(), self.stage.sources)
        found = self.found()
        assert_same_documents(settled(oracle.foreign_documents(owned, self.emptied), found), found)
        self.assert_untouched()

    def assert_untouched(self):
        """The owner's fields, number by number as written and in their order."""
        oracle = Oracle(self.jobs(), self.stage.sources)
        ours = set().union(*(oracle.fields_of(job) for job in self.jobs()))
        for identity, source in self.raw_sources().items():
            written = load_raw(self.written[identity])
            found = [(name, value) for name, value in source.items() if name not in ours]
            assert found == [(name, value) for name, value in written.items() if name not in ours]

    def raw_sources(self):
        self.session.post(f"{self.url}/_refresh")
        answer = self.session.post(f"{self.url}/_search", json={"size": 10000, "sort": ["_doc"]})
        return {hit["_id"]: hit["_source"] for hit in load_raw(answer.text)["hits"]["hits"]}

    def versions(self):
        """{_id: _seq_no}: who writes a document raises it."""
        self.session.post(f"{self.url}/_refresh")
        answer = self.session.post(f"{self.url}/_search", json={
            "size": 10000, "sort": ["_doc"], "seq_no_primary_term": True, "_source": False})
        return {hit["_id"]: hit["_seq_no"] for hit in answer.json()["hits"]["hits"]}

    def wait_equal(self, timeout_s=TURN_UP_S):
        """Until all fields have turned up; a sweep may have to come first."""
        for job in self.jobs():
            self.stage.wait_state(job["name"], "live", timeout_s=timeout_s)

        def equal():
            self.assert_equal()
            return True
        wait_for(equal, timeout_s, "the foreign index is equal")

    def follow(self, *statements):
        for statement in statements:
            self.stage.run(statement)
            self.wait_equal()
