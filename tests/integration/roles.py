"""Roles of a test: one for Syncline with no more than it needs, and others that own the tables."""

import contextlib

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
