"""Random writers: several sessions that change tables in every way, repeatable by seed."""

import random
import threading

import psycopg2
from common import wait_for
from psycopg2 import errors

ISOLATION = ["READ COMMITTED", "REPEATABLE READ", "SERIALIZABLE"]
SETTINGS = {
    "datestyle": ["ISO, MDY", "SQL, DMY", "German", "Postgres, YMD"],
    "timezone": ["UTC", "Asia/Kathmandu", "America/St_Johns"],
    "intervalstyle": ["postgres", "postgres_verbose", "sql_standard", "iso_8601"],
    "extra_float_digits": ["-5", "0", "3"],
    "bytea_output": ["hex", "escape"],
    "search_path": ["public", "pg_catalog", ""],
}
# What concurrency may do to a transaction: it is rolled back and that is that.
EXPECTED = (errors.SerializationFailure, errors.DeadlockDetected, errors.UniqueViolation,
            errors.LockNotAvailable)
IDS = 400

TABLES = {
    "orders": "(id int PRIMARY KEY, s text, n numeric, at timestamptz, f float8, i interval)",
    "extras": "(pk bigserial PRIMARY KEY, order_id int, tags text[], raw bytea, day date)",
    "events": "(day date, n int, s text, PRIMARY KEY (day, n))",
}


def create_tables(run):
    for name, columns in TABLES.items():
        run(f"CREATE TABLE {name} {columns}")


class Writer(threading.Thread):
    """One session: `transactions` random transactions, or until told to stop."""

    settings = SETTINGS
    expected = EXPECTED

    def __init__(self, connect, seed, transactions=None):
        super().__init__(name=f"writer-{seed}", daemon=True)
        self.connect = connect
        self.random = random.Random(seed)
        self.transactions = transactions
        self.stopping = threading.Event()
        self.error = None
        self.committed = 0

    def run(self):
        session = None
        try:
            while not self.stopping.is_set() and self.transactions != 0:
                if self.transactions is not None:
                    self.transactions -= 1
                if session is None or session.closed or self.random.random() < 0.02:
                    session = self._new_session(session)
                self._transaction(session)
        except Exception as error:  # noqa: BLE001 (told to the test by finish())
            self.error = error
        finally:
            if session is not None:
                session.close()

    def finish(self):
        """Waits for its end; raises what a statement of the user must never get."""
        self.join(120)
        assert not self.is_alive(), "a writer hangs"
        if self.error:
            raise self.error

    def stop(self):
        self.stopping.set()
        self.finish()

    def _new_session(self, old):
        if old is not None:
            old.close()
        session = self.connect(autocommit=False)
        with session.cursor() as cursor:
            for name, values in self.settings.items():
                cursor.execute("SELECT set_config(%s, %s, false)",
                               (name, self.random.choice(values)))
        session.commit()
        return session

    def _transaction(self, session):
        try:
            with session.cursor() as cursor:
                cursor.execute(
                    f"SET TRANSACTION ISOLATION LEVEL {self.random.choice(ISOLATION)}")
                for _ in range(self.random.choice([1, 1, 1, 2, 5])):
                    self._step(cursor)
            self._end(session)
        except self.expected:
            session.rollback()

    def _end(self, session):
        if self.random.random() < 0.1:
            session.rollback()
        else:
            session.commit()
            self.committed += 1

    def _step(self, cursor):
        if self.random.random() < 0.1:
            cursor.execute("SAVEPOINT s")
            self._statement(cursor)
            cursor.execute(self.random.choice(["ROLLBACK TO s", "RELEASE s"]))
        else:
            self._statement(cursor)

    def _statement(self, cursor):
        pick = self.random.choices(
            [self._upsert_order, self._change_orders, self._delete_orders, self._move_order,
             self._extra, self._move_extras, self._event, self._truncate],
            [20, 15, 6, 6, 15, 8, 12, 0.3])[0]
        pick(cursor)

    def _id(self):
        return self.random.randrange(IDS)

    def _upsert_order(self, cursor):
        cursor.execute(
            "INSERT INTO public.orders VALUES (%s, %s, %s, now(), random(), age(now()))"
            " ON CONFLICT (id) DO UPDATE SET s = excluded.s, at = excluded.at",
            (self._id(), f"order {self.random.random()} ünï\n\"",
             self.random.randrange(10**6) / 100))

    def _change_orders(self, cursor):
        low = self._id()
        cursor.execute("UPDATE public.orders SET n = n + 0.5, f = f * 1.1"
                       " WHERE id BETWEEN %s AND %s",
                       (low, low + self.random.choice([0, 0, 3, 50])))

    def _delete_orders(self, cursor):
        low = self._id()
        cursor.execute("DELETE FROM public.orders WHERE id BETWEEN %s AND %s",
                       (low, low + self.random.choice([0, 0, 10])))

    def _move_order(self, cursor):
        cursor.execute("UPDATE public.orders SET id = %s WHERE id = %s", (self._id(), self._id()))

    def _extra(self, cursor):
        cursor.execute(
            "INSERT INTO public.extras (order_id, tags, raw, day) VALUES"
            " (%s, ARRAY[%s, NULL, 'a,b'], '\\x00ff'::pg_catalog.bytea, now()::pg_catalog.date)",
            (self.random.choice([None, self._id(), self._id(), self._id()]), str(self._id())))

    def _move_extras(self, cursor):
        cursor.execute("UPDATE public.extras SET order_id = %s WHERE order_id = %s",
                       (self.random.choice([None, self._id()]), self._id()))
        cursor.execute("DELETE FROM public.extras WHERE order_id = %s", (self._id(),))

    def _event(self, cursor):
        cursor.execute(
            "INSERT INTO public.events VALUES ('2026-01-01'::pg_catalog.date + %s, %s, 'a_b%%')"
            " ON CONFLICT (day, n) DO UPDATE SET s = public.events.s || '!', n = excluded.n + 1",
            (self.random.randrange(20), self.random.randrange(5)))

    def _truncate(self, cursor):
        cursor.execute("SET LOCAL lock_timeout = 2000")
        cursor.execute("TRUNCATE public.extras")


def start_writers(stage, seed, count=4, transactions=None, kind=Writer):
    writers = [kind(stage.connect, seed * 1000 + number, transactions) for number in range(count)]
    for writer in writers:
        writer.start()
    return writers


def wait_commits(writers, count, timeout_s=60):
    """Until they committed this many more together; raises what ended one of them."""
    def committed():
        for writer in writers:
            if writer.error:
                writer.finish()
        return sum(writer.committed for writer in writers)
    wanted = committed() + count
    wait_for(lambda: committed() >= wanted, timeout_s, f"{count} more commits")


def add_jobs(stage):
    """Two jobs that share documents and a field, and one on an index of its own."""
    stage.add_job("orders", ["id:integer", "s:text", "n:float", "at:date", "f:float",
                             ("i", "i", "keyword")], name="b-orders")
    stage.add_job("extras", [("order_id", "id", "integer"), ("tags", "tags", "keyword"),
                             ("raw", "raw", "binary"), ("day", "at", "date")], name="c-extras")
    stage.add_job("events", ["day:date", "n:integer", "s:keyword"], id=["day", "n"],
                  index=stage.index("events"), name="a-events")


class Reconnecting(Writer):
    """A writer that bears it when the database goes away, and goes on when it is back."""

    def _transaction(self, session):
        try:
            super()._transaction(session)
        except (psycopg2.OperationalError, psycopg2.InterfaceError):
            session.close()

    def _new_session(self, old):
        while not self.stopping.is_set():
            try:
                return super()._new_session(old)
            except (psycopg2.OperationalError, psycopg2.InterfaceError):
                self.stopping.wait(0.05)
        raise InterruptedError("told to stop while the database was away")

    def finish(self):
        try:
            super().finish()
        except InterruptedError:
            pass
