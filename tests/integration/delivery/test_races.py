"""The classic lost update of joined documents: what a document is made of changes in two
transactions that overlap, and whoever reads the first one's rows may miss the second's.

A thousand times for each side of a join, in both orders of commit, on many documents at once.
"""

import random
import threading
import time

import pytest
import shop

DOCUMENTS, ROUNDS, PAIRS_AT_ONCE = 250, 4, 4

# What the two transactions do to one order; {id} its number, {n} another number each time.
SIDES = {
    "item": ("UPDATE orders SET status = 'r{n}' WHERE id = {id}",
             "UPDATE items SET sku = 'r{n}' WHERE pk = {id} + 1"),
    "item that moves": ("UPDATE orders SET total = {n} WHERE id = {id}",
                        "UPDATE items SET order_id = ({id} + {n}) % 250, sku = 'r{n}'"
                        " WHERE pk = {id} + 1"),
    "customer": ("UPDATE orders SET status = 'r{n}' WHERE id = {id}",
                 "UPDATE customers SET city = 'r{n}' WHERE id = {id}"),
    # Whether the change of the customer touches this order only the other transaction tells.
    "order that moves to a customer": (
        "UPDATE orders SET customer_id = ({id} + {n}) % 250 WHERE id = {id}",
        "UPDATE customers SET city = 'r{n}' WHERE id = ({id} + {n}) % 250"),
    "shipment": ("UPDATE orders SET status = 'r{n}' WHERE id = {id}",
                 "UPDATE shipments SET carrier = 'r{n}' WHERE order_id = {id}"),
    "shipment that moves": ("UPDATE shipments SET carrier = 'r{n}' WHERE pk = {id} + 1",
                            "UPDATE shipments SET order_id = ({id} + {n}) % 250"
                            " WHERE pk = ({id} + 7) % 250 + 1"),
    # Chains: neither transaction knows that there is anything between them.
    "country of a customer": (
        "UPDATE customers SET country = 'c{n}' WHERE id = {id}",
        "INSERT INTO vat_rates (country, rate) VALUES ('c{n}', {n})"),
    "carrier of a shipment": (
        "UPDATE shipments SET carrier = 'c{n}' WHERE pk = {id} + 1",
        "INSERT INTO carriers (code, phone) VALUES ('c{n}', 'phone {n}')"),
    "order that comes": ("DELETE FROM orders WHERE id = {id} + 250;"
                         "INSERT INTO orders (id, customer_id) VALUES ({id} + 250, {id})",
                         "UPDATE customers SET city = 'r{n}' WHERE id = {id};"
                         "INSERT INTO shipments (order_id, carrier) VALUES ({id} + 250, 'r{n}')"),
    "order that goes": ("DELETE FROM orders WHERE id = {id} + 250",
                        "UPDATE shipments SET carrier = 'r{n}' WHERE order_id = {id} + 250;"
                        "UPDATE customers SET city = 'r{n}' WHERE id = {id}"),
}


class Racing(threading.Thread):
    """Two sessions of its own, and a share of the races."""

    def __init__(self, stage, side, races, seed):
        super().__init__(daemon=True)
        self.statements = SIDES[side]
        self.races = races
        self.dice = random.Random(seed)
        self.sessions = [stage.connect(autocommit=False) for _ in range(2)]
        self.error = None

    def run(self):
        try:
            for document, number in self.races:
                self._race(document, number)
        except Exception as error:  # noqa: BLE001 (told to the test by finish())
            self.error = error
        finally:
            for session in self.sessions:
                session.close()

    def finish(self):
        self.join(60)
        assert not self.is_alive(), "a race hangs"
        if self.error:
            raise self.error

    def _race(self, document, number):
        for session, statement in zip(self.sessions, self.statements):
            session.cursor().execute(statement.format(id=document, n=number))
        first, second = self.sessions if number % 2 else reversed(self.sessions)
        first.commit()
        # The engine composes within a millisecond or two: the second must hit every moment of it.
        time.sleep(self.dice.choice([0, 0, 0.0005, 0.001, 0.002, 0.004]))
        second.commit()


@pytest.mark.parametrize("side", SIDES)
def test_changes_in_overlapping_transactions(running, side):
    shop.create_tables(running.run)
    shop.fill(running.run, orders=DOCUMENTS, customers=DOCUMENTS)
    running.run("TRUNCATE shipments RESTART IDENTITY")
    running.run("INSERT INTO shipments (order_id, carrier)"
                f" SELECT n, 'post' FROM generate_series(0, {DOCUMENTS - 1}) n")
    running.run("INSERT INTO orders (id, customer_id)"
                f" SELECT n + {DOCUMENTS}, n FROM generate_series(0, {DOCUMENTS - 1}) n")
    shop.add_jobs(running)
    running.wait_until_equal()
    numbers = iter(range(1, DOCUMENTS * ROUNDS + 1))
    for round_number in range(ROUNDS):
        documents = list(range(DOCUMENTS))
        random.Random(round_number).shuffle(documents)
        # Each thread has documents of its own: no two of them wait for one row.
        threads = [Racing(running, side, [(document, next(numbers)) for document in
                                          documents[share::PAIRS_AT_ONCE]], share)
                   for share in range(PAIRS_AT_ONCE)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.finish()
        running.wait_until_equal()  # a later round would hide what this one lost


LOADED, LOADS = 4000, 4


def test_changes_beside_a_load(running):
    """The load and the stream compose one document at the same time: the one that read later wins.
    (Seen red with versions taken after the rows were read.)"""
    shop.create_tables(running.run)
    shop.fill(running.run, orders=LOADED, customers=LOADED)
    shop.add_jobs(running)
    running.wait_until_equal()
    numbers = iter(range(1, LOADED * LOADS + 1))
    for load in range(LOADS):
        documents = list(range(LOADED))
        random.Random(load).shuffle(documents)
        threads = [Racing(running, "customer", [(document, next(numbers)) for document in
                                                documents[share::PAIRS_AT_ONCE]], share)
                   for share in range(PAIRS_AT_ONCE)]
        running.command("a-orders", "resync")
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.finish()
        running.wait_until_equal()
