"""Words for tests of parked documents: making some, listing, retrying and giving up."""

import datetime
import urllib.parse

import requests
from common import wait_for


def poison(stage, rows=10, poisoned=(5,)):
    """A job of text into integer fields, some rows of which are no numbers."""
    stage.run("CREATE TABLE t (id int PRIMARY KEY, v text)")
    stage.run("INSERT INTO t SELECT n, n::text FROM generate_series(1, %s) n", [rows])
    stage.run("UPDATE t SET v = 'poison' WHERE id = ANY(%s)", [list(poisoned)])
    stage.job = stage.add_job("t", ["id:integer", "v:integer"])
    stage.wait_until_equal(without=[str(n) for n in poisoned], parked=len(poisoned))
    return stage


def failures(stage, **query):
    answer = stage.api.get(f"/jobs/{stage.job}/failures", params=query)
    assert answer.status_code == 200, answer.text
    return answer.json()


def failure(stage, identity):
    found = [item for item in failures(stage, limit=1000)["items"] if item["id"] == identity]
    return found[0] if found else None


def wait_for_attempts(stage, identity, attempts, timeout_s=30):
    """The parked document, once it was tried so often."""
    def tried():
        item = failure(stage, identity)
        return item and item["attempts"] >= attempts and item
    return wait_for(tried, timeout_s, f"{identity!r} was tried {attempts} times")


def retry(stage, body=None):
    answer = stage.api.post(f"/jobs/{stage.job}/failures/retry", body)
    assert answer.status_code == 200, answer.text
    assert answer.json()["result"] is True
    return answer.json()["data"]


def give_up(stage, identity):
    # By hand: the library would take "." and ".." out of a path.
    url = f"{stage.api.url}/jobs/{stage.job}/failures/{urllib.parse.quote(identity, safe='')}"
    request = requests.Request("DELETE", url).prepare()
    request.url = url
    return stage.api.session.send(request, timeout=30)


def moment(text):
    return datetime.datetime.fromisoformat(text.replace("Z", "+00:00"))


def let_the_cluster_take_it(stage):
    """From now on the index takes values that are no numbers: nothing changes in the tables."""
    stage.opensearch.request("PUT", f"/{stage.index()}/_mapping", {
        "properties": {"v": {"type": "integer", "ignore_malformed": True}}})
