"""An SQS queue that carries the retries of parked documents."""

import json
import uuid

import pytest
from common import wait_for
from parked import (failure, give_up, let_the_cluster_take_it, moment, poison, retry,
                    wait_for_attempts)
from sqs import REGION

RETRY_S = 2
LIST_STEPS_IN_S = RETRY_S + 5
CARRIES = "the SQS queue carries the retries"
CANNOT = "the SQS queue cannot be used"


def use_queue(stage, url, access_key="key", secret_key="secret", retry_s=RETRY_S):
    stage.syncline.environment.update({
        "AWS_ACCESS_KEY_ID": access_key, "AWS_SECRET_ACCESS_KEY": secret_key,
        "AWS_REGION": REGION, "AWS_SQS_URL": url, "SYNCLINE_RETRY_SECONDS": str(retry_s)})


@pytest.fixture
def queue(elasticmq):
    return elasticmq.queue(f"q-{uuid.uuid4().hex[:10]}")


@pytest.fixture
def queued(stage, queue):
    """A running stage whose retries the queue carries."""
    use_queue(stage, queue.url)
    return stage.start()


@pytest.fixture
def slow(stage, queue):
    """A first wait of ten minutes: a message that was sent stays where it is."""
    use_queue(stage, queue.url, retry_s=600)
    return stage.start()


def log_of(stage):
    return stage.syncline.log_path.read_text()


def wait_for_size(queue, size, timeout_s=30):
    wait_for(lambda: queue.size() == size, timeout_s, f"{size} messages in the queue")


def test_each_parked_document_is_a_message_that_says_whose_it_is(slow, queue):
    poison(slow, poisoned=(3, 5, 7))
    wait_for_size(queue, 3, timeout_s=60)
    assert queue.counts() == (0, 0, 3)  # delayed


def test_a_message_carries_ids_and_nothing_else(queued, queue):
    poison(queued)
    wait_for_size(queue, 1)
    queued.syncline.stop()
    [body] = wait_for(lambda: queue.receive(), 60, "the message can be had")
    message = json.loads(body)
    assert set(message) == {"syncline", "plan", "job", "id", "nonce"}
    assert (message["plan"], message["job"], message["id"]) == (
        f"search/{queued.index()}", queued.job, "5")
    assert "poison" not in body


def test_it_is_tried_again_by_its_message_until_it_heals(queued, queue):
    poison(queued)
    for attempts in (1, 2):
        due = moment(wait_for_attempts(queued, "5", attempts, timeout_s=60)["next_at"])
        tried = moment(wait_for_attempts(queued, "5", attempts + 1, timeout_s=60)["last_at"])
        # The list would have waited longer for the message.
        assert 0 <= (tried - due).total_seconds() < LIST_STEPS_IN_S
    assert queue.size() == 1  # the same message all the time
    let_the_cluster_take_it(queued)
    queued.wait_until_equal()
    wait_for_size(queue, 0)
    assert CARRIES in log_of(queued) and CANNOT not in log_of(queued)


def test_the_message_goes_when_a_change_heals_it_or_it_is_given_up(queued, queue):
    poison(queued, poisoned=(5, 6))
    wait_for_attempts(queued, "5", 2, timeout_s=60)
    queued.run("UPDATE t SET v = '55' WHERE id = 5")
    queued.wait_until_equal(without=["6"], parked=1)
    wait_for_size(queue, 1)
    assert give_up(queued, "6").status_code == 200
    wait_for_size(queue, 0)


def test_a_message_that_was_lost_is_sent_again(queued, queue):
    poison(queued)
    wait_for_attempts(queued, "5", 2, timeout_s=60)
    queue.purge()
    assert queue.size() == 0
    wait_for_size(queue, 1, timeout_s=90)
    let_the_cluster_take_it(queued)
    queued.wait_until_equal()
    wait_for_size(queue, 0)


def test_strangers_are_left_alone_and_reported_once(queued, queue):
    stranger = {"syncline": "another", "plan": f"search/{queued.index()}", "job": "j", "id": "5",
                "nonce": "n"}
    strangers = ["hello", "{}", json.dumps(stranger), json.dumps({**stranger, "id": 5})]
    for body in strangers:
        queue.send(body)
    poison(queued)
    wait_for_attempts(queued, "5", 2, timeout_s=60)
    let_the_cluster_take_it(queued)
    queued.wait_until_equal()
    wait_for_size(queue, len(strangers))
    queued.syncline.stop()
    found = []
    wait_for(lambda: found.extend(queue.receive(hide_s=60)) or len(found) == len(strangers), 60,
             "all strangers are to be had again")
    assert sorted(found) == sorted(strangers)
    assert log_of(queued).count("messages that no Syncline wrote") == 1
    assert log_of(queued).count("messages of another Syncline") == 1


def test_a_restart_goes_on_with_the_messages_that_are_there(queued, queue):
    poison(queued)
    wait_for_attempts(queued, "5", 2, timeout_s=60)
    queued.syncline.restart(kill=True)
    wait_for_attempts(queued, "5", 4, timeout_s=60)
    assert queue.size() == 1
    let_the_cluster_take_it(queued)
    queued.wait_until_equal()
    wait_for_size(queue, 0)


def test_without_its_queue_it_goes_by_the_list(queued, queue, elasticmq):
    poison(queued)
    wait_for_attempts(queued, "5", 2, timeout_s=60)
    elasticmq.stop()
    try:
        attempts = failure(queued, "5")["attempts"]
        wait_for_attempts(queued, "5", attempts + 1, timeout_s=60)
        queued.run("UPDATE t SET v = 'poison' WHERE id = 6")
        wait_for_attempts(queued, "6", 3, timeout_s=60)
        assert log_of(queued).count(CANNOT) == 1
    finally:
        elasticmq.start()  # which has forgotten its queues
    queue.call("CreateQueue", QueueName=queue.name, queue_url=False)
    wait_for_size(queue, 2, timeout_s=90)
    assert log_of(queued).count(CANNOT) == 1
    let_the_cluster_take_it(queued)
    queued.wait_until_equal()
    wait_for_size(queue, 0, timeout_s=60)


def test_retry_does_not_wait_for_the_message(slow, queue):
    poison(slow)
    let_the_cluster_take_it(slow)
    assert retry(slow) == {"retried": 1}
    slow.wait_until_equal(timeout_s=20)


def test_a_queue_that_never_was_there_changes_nothing(stage):
    use_queue(stage, "http://127.0.0.1:1/000000000000/nowhere")
    stage.start()
    poison(stage)
    wait_for_attempts(stage, "5", 3, timeout_s=60)
    let_the_cluster_take_it(stage)
    stage.wait_until_equal()
    assert log_of(stage).count(CANNOT) == 1
    stage.syncline.stop()


def test_it_stops_at_once_while_it_waits_for_messages(slow, queue):
    poison(slow)
    wait_for_size(queue, 1, timeout_s=60)
    slow.syncline.stop()  # within the bound, though it polls for 20 s


def test_some_of_the_variables_are_not_enough(stage, queue):
    use_queue(stage, queue.url)
    del stage.syncline.environment["AWS_SECRET_ACCESS_KEY"]
    stage.start()
    poison(stage)
    wait_for_attempts(stage, "5", 2, timeout_s=60)
    assert queue.size() == 0
    assert "AWS_SQS_URL is of no use without" in log_of(stage)


def test_requests_are_signed_as_aws_wants_it(stage, moto):
    use_queue(stage, moto.queue_url, moto.access_key, moto.secret_key)
    stage.start()
    poison(stage)
    wait_for_attempts(stage, "5", 3, timeout_s=60)
    let_the_cluster_take_it(stage)
    stage.wait_until_equal()
    assert CARRIES in log_of(stage) and CANNOT not in log_of(stage)


@pytest.mark.parametrize("key, secret, code", [
    (None, "wrong-secret-of-the-test", "SignatureDoesNotMatch"),
    ("AKIAUNKNOWN", None, "InvalidClientTokenId"),
])
def test_a_wrong_secret_is_refused_and_the_list_goes_on(stage, moto, key, secret, code):
    use_queue(stage, moto.queue_url, key or moto.access_key, secret or moto.secret_key)
    stage.start()
    poison(stage)
    wait_for_attempts(stage, "5", 3, timeout_s=60)
    wait_for(lambda: CANNOT in log_of(stage), 30, "the refusal is told")
    assert f"403 {code}" in log_of(stage)
    assert log_of(stage).count(CANNOT) == 1 and CARRIES not in log_of(stage)
    assert (secret or moto.secret_key) not in log_of(stage)
