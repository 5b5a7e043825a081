"""Roles of a test: one for Syncline with no more than it needs, others that own the tables, and
keys of a cluster for some indices alone."""

import contextlib
import re

import psycopg2

PASSWORD = "secret"


class Roles:
    def __init__(self, stage):
        self.stage = stage
        self.names = []

    def create(self, word):
        """A role that may log in, and nothing else; its name."""
        name = f"{word}_{self.stage.unique}"
        self.stage.run(f"CREATE ROLE {name} LOGIN PASSWORD '{PASSWORD}'")
        self.names.append(name)
        return name

    def connect(self, name, autocommit=True):
        parameters = self.stage.postgres.connection_parameters(self.stage.database)
        connection = psycopg2.connect(**{**parameters, "user": name, "password": PASSWORD})
        connection.autocommit = autocommit
        return connection

    def run(self, name, *statements):
        """Each in a transaction of its own, in one session of the role's."""
        with contextlib.closing(self.connect(name)) as session, session.cursor() as cursor:
            for statement in statements:
                cursor.execute(statement)

    def source(self, name, source="least", **config):
        """A source that connects as the role."""
        body = self.stage.source_body(source)
        body["config"].update(user=name, password=PASSWORD, **config)
        return body

    def drop(self):
        for syncline in self.stage.synclines:
            if syncline.process and not syncline.is_dead():
                syncline.stop()
        for name in self.names:
            self.stage.run(f"DROP OWNED BY {name} CASCADE")
        for name in self.names:
            self.stage.run(f"DROP ROLE {name}")


@contextlib.contextmanager
def roles_of(stage):
    roles = Roles(stage)
    try:
        yield roles
    finally:
        roles.drop()


def statements_of(warning):
    """The statements that a warning tells a person to run."""
    return [part.removeprefix("and for those to come: ")
            for part in re.split("run(?:, as its owner)?: ", warning)[1].split("; ")]


def api_key(server, indices):
    """A key for what the README says a role needs, on some indices alone."""
    answer = server.request("POST", "/_security/api_key", {
        "name": f"syncline on {indices}",
        "role_descriptors": {"syncline": {
            "cluster": ["monitor"],
            "indices": [{"names": [indices], "privileges": ["all"]}]}}})
    return answer["encoded"]
