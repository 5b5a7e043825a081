"""Words for tests of verifications: asking for one, waiting for it, and what it counted."""

from common import wait_for

DONE_S = 60
NOTHING = {"missing": 0, "extra": 0, "different": 0, "repaired": 0}


def ask(stage, name, repair=None):
    answer = stage.api.post(f"/jobs/{name}/verify", None if repair is None else {"repair": repair})
    assert answer.status_code == 202, answer.text
    assert answer.json()["data"]["verify"]["state"] in ("waiting", "running", "done")


def wait_done(stage, name, timeout_s=DONE_S):
    def done():
        report = stage.api.status(name)["verify"]
        assert report["state"] != "failed", report
        return report if report["state"] == "done" else None
    return wait_for(done, timeout_s, "the verification is done")


def verify(stage, name, repair=None, timeout_s=DONE_S):
    ask(stage, name, repair)
    return wait_done(stage, name, timeout_s)


def counts(report):
    return {kind: report[kind] for kind in ("missing", "extra", "different", "repaired")}
