"""Two stand-ins for Amazon SQS on loopback, fetched once into the cache.

ElasticMQ behaves as a queue (delays, hiding, receipts) but checks no signature; moto checks
signatures, which is what it is here for.

    python3 sqs.py fetch     fetches both
"""

import json
import os
import pathlib
import sys
import urllib.parse
import urllib.request

import cached
import common

REGION = "eu-central-1"
ELASTICMQ_CONF = """\
include classpath("application.conf")
node-address {{ protocol = http, host = "127.0.0.1", port = {port}, context-path = "" }}
rest-sqs {{ enabled = true, bind-port = {port}, bind-hostname = "127.0.0.1", sqs-limits = strict }}
rest-stats {{ enabled = false }}
"""


def fetch_elasticmq():
    pom = "elasticmq-pom.xml"
    return cached.folder_of("elasticmq", [pom], lambda folder: cached.fetch_jars(pom, folder))


def fetch_moto():
    recipe = "moto-requirements.txt"

    def build(folder):
        # Not a venv: its scripts would name the folder in which it was made.
        cached.persistently([sys.executable, "-m", "venv", str(folder / "venv")])
        cached.persistently([str(folder / "venv" / "bin" / "pip"), "install", "-q", "--no-deps",
                             "--target", str(folder / "packages"), "-r",
                             str(cached.HERE / recipe)])
    return cached.folder_of("moto", [recipe], build)


class Queue:
    """One queue, as a client of it sees it that is not Syncline."""

    def __init__(self, server_url, name):
        self.server_url = server_url
        self.name = name
        self.url = self.call("CreateQueue", QueueName=name, queue_url=False)["QueueUrl"]

    def call(self, action, queue_url=True, **body):
        if queue_url:
            body["QueueUrl"] = self.url
        question = urllib.request.Request(
            self.server_url + "/", json.dumps(body).encode(), method="POST",
            headers={"Content-Type": "application/x-amz-json-1.0",
                     "X-Amz-Target": f"AmazonSQS.{action}"})
        with urllib.request.urlopen(question, timeout=30) as answer:
            return json.loads(answer.read() or "{}")

    def counts(self):
        """Messages: to be had now, hidden, delayed."""
        names = ["ApproximateNumberOfMessages" + end for end in ("", "NotVisible", "Delayed")]
        found = self.call("GetQueueAttributes", AttributeNames=["All"])["Attributes"]
        return tuple(int(found[name]) for name in names)

    def size(self):
        return sum(self.counts())

    def send(self, body, delay_s=0):
        self.call("SendMessage", MessageBody=body, DelaySeconds=delay_s)

    def receive(self, hide_s=1):
        answer = self.call("ReceiveMessage", MaxNumberOfMessages=10, VisibilityTimeout=hide_s)
        return [message["Body"] for message in answer.get("Messages", [])]

    def purge(self):
        """All messages are lost, the hidden and the delayed ones too."""
        self.call("DeleteQueue")
        self.call("CreateQueue", QueueName=self.name, queue_url=False)


class ElasticMq:
    """start() after stop() comes back on the same port, with empty hands."""

    def __init__(self, home):
        self.home = pathlib.Path(home)
        self.home.mkdir(parents=True)
        self.port = common.free_port()
        self.log_path = self.home / "elasticmq.log"
        self.config = self.home / "elasticmq.conf"
        self.config.write_text(ELASTICMQ_CONF.format(port=self.port))
        self.process = None

    @property
    def url(self):
        return f"http://127.0.0.1:{self.port}"

    def queue(self, name):
        return Queue(self.url, name)

    def start(self):
        jars = fetch_elasticmq() / "lib" / "*"
        self.process = common.spawn(
            ["java", "-Xmx128m", *common.JVM_SHORT_LIVED, f"-Dconfig.file={self.config}",
             "-cp", str(jars), "org.elasticmq.server.Main"], self.log_path)

        def answers():
            if self.process.poll() is not None:
                raise common.ServerFailed("ElasticMQ ended:\n" + common.tail(self.log_path))
            return self.queue("trial").counts() is not None
        common.wait_for(answers, 60, "ElasticMQ answers")
        return self

    def stop(self):
        if self.process:
            common.end(self.process)


class Moto:
    """Checks signatures from its fifth call on; the first four make a user, a key and a queue."""

    FREE_CALLS = 4

    def __init__(self, home):
        self.home = pathlib.Path(home)
        self.home.mkdir(parents=True)
        self.port = common.free_port()
        self.log_path = self.home / "moto.log"
        self.process = None
        self.access_key = self.secret_key = self.queue_url = None

    @property
    def url(self):
        return f"http://127.0.0.1:{self.port}"

    def start(self):
        folder = fetch_moto()
        environment = {**os.environ, "PYTHONPATH": str(folder / "packages"),
                       "INITIAL_NO_AUTH_ACTION_COUNT": str(self.FREE_CALLS)}
        self.process = common.spawn(
            [str(folder / "venv" / "bin" / "python3"), "-m", "moto.server", "-H", "127.0.0.1",
             "-p", str(self.port)], self.log_path, environment)
        # Knocking must not use the free calls up.
        common.wait_for(self._listens, 60, "moto answers")
        self._make_user()
        return self

    def _listens(self):
        if self.process.poll() is not None:
            raise common.ServerFailed("moto ended:\n" + common.tail(self.log_path))
        with urllib.request.urlopen(self.url + "/moto-api/", timeout=5) as answer:
            return answer.status == 200

    def _call(self, service, **parameters):
        question = urllib.request.Request(
            self.url + "/", urllib.parse.urlencode(parameters).encode(), method="POST",
            headers={"Authorization": "AWS4-HMAC-SHA256 Credential=x/20200101/"
                                      f"{REGION}/{service}/aws4_request, SignedHeaders=host, "
                                      "Signature=x"})
        with urllib.request.urlopen(question, timeout=30) as answer:
            return answer.read().decode()

    def _make_user(self):
        self._call("iam", Action="CreateUser", UserName="syncline", Version="2010-05-08")
        allowed = {"Version": "2012-10-17",
                   "Statement": [{"Effect": "Allow", "Action": "sqs:*", "Resource": "*"}]}
        self._call("iam", Action="PutUserPolicy", UserName="syncline", PolicyName="sqs",
                   PolicyDocument=json.dumps(allowed), Version="2010-05-08")
        made = self._call("iam", Action="CreateAccessKey", UserName="syncline",
                          Version="2010-05-08")
        self.access_key = _element(made, "AccessKeyId")
        self.secret_key = _element(made, "SecretAccessKey")
        made = self._call("sqs", Action="CreateQueue", QueueName="retries", Version="2012-11-05")
        path = urllib.parse.urlparse(_element(made, "QueueUrl")).path
        self.queue_url = self.url + path

    def stop(self):
        if self.process:
            common.end(self.process)


def _element(xml, name):
    return xml.split(f"<{name}>")[1].split(f"</{name}>")[0]


if __name__ == "__main__":
    if sys.argv[1:] != ["fetch"]:
        sys.exit(__doc__)
    fetch_elasticmq()
    fetch_moto()
