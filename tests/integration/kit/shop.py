"""A shop: tables with foreign keys, jobs of every kind on one index, and writers that do to the
tables all that users do. Random, concurrent, repeatable by seed."""

import io
import time

import workload
from psycopg2 import errors
from stage import nested_in, object_in, property_of

CUSTOMERS, ORDERS = 40, 250
COUNTRIES = ["de", "fr", "DE", "it", "", "x" * 300, None]
CARRIERS = ["post", "bike", "Post", "foot", None]
CITIES = ["Bonn", "Köln", "Σ", None]
WEIGHTS = ["0.1", "0.30000000000000004", "1e-7", "5", "'NaN'", "NULL"]
TAGS = ["a", "B", "b", "ä", "10", "9", "Z z", "_%"]

TABLES = {
    "customers": "(id int PRIMARY KEY, name text, city text, country text, vip boolean)",
    # Several rates may claim one country: the highest pk wins.
    "vat_rates": "(pk serial PRIMARY KEY, country text, rate numeric, label text)",
    "holidays": "(pk serial PRIMARY KEY, day date, title text)",
    "fees": "(pk serial PRIMARY KEY, weight float8, fee numeric)",
    "carriers": "(pk serial PRIMARY KEY, code text, phone text)",
    "orders": "(id int PRIMARY KEY, customer_id int REFERENCES public.customers ON DELETE CASCADE"
              " ON UPDATE CASCADE, status text, total numeric, placed timestamptz, day date,"
              " weight float8)",
    "notes": "(pk bigserial PRIMARY KEY, order_id int, note text, status text)",
    # No foreign key: shipments may lack their order, and come before it.
    # In leaves, between which rows move when their pk changes.
    "shipments": "(pk serial PRIMARY KEY, order_id int, carrier text, sent timestamp)"
                 " PARTITION BY RANGE (pk)",
    "items": "(pk bigserial PRIMARY KEY, order_id int REFERENCES public.orders ON DELETE CASCADE"
             " ON UPDATE CASCADE, line int, sku text, price numeric(12, 2))",
    "tags": "(order_id int REFERENCES public.orders ON DELETE CASCADE ON UPDATE CASCADE, tag text,"
            " note text, PRIMARY KEY (order_id, tag))",
}
CHILDREN = ["items", "shipments", "tags", "notes", "vat_rates", "carriers"]


def create_tables(run):
    for name, columns in TABLES.items():
        run(f"CREATE TABLE {name} {columns}")
    run("CREATE TABLE shipments_minus PARTITION OF shipments FOR VALUES FROM (MINVALUE) TO (0);"
        "CREATE TABLE shipments_first PARTITION OF shipments FOR VALUES FROM (0) TO (60);"
        "CREATE TABLE shipments_rest PARTITION OF shipments DEFAULT")
    for name in ("orders (customer_id)", "items (order_id)", "shipments (order_id)"):
        run(f"CREATE INDEX ON {name}")


def fill(run, orders=ORDERS, customers=CUSTOMERS):
    """Rows for every table, so that jobs have something to load."""
    run(f"INSERT INTO customers SELECT n, 'customer ' || n, (ARRAY['Bonn', 'Köln'])[1 + n % 2],"
        " (ARRAY['de', 'fr', 'it'])[1 + n % 3], n % 2 = 0"
        f" FROM generate_series(0, {customers - 1}) n")
    run("INSERT INTO vat_rates (country, rate) VALUES ('de', 19.0), ('fr', 20), ('de', 7)")
    run("INSERT INTO holidays (day, title) SELECT date '2026-01-01' + n, 'day ' || n"
        " FROM generate_series(0, 5) n")
    run("INSERT INTO fees (weight, fee) VALUES (0.1, 1.10), (5, 3), (0.30000000000000004, 9)")
    run("INSERT INTO carriers (code, phone) VALUES ('post', '1'), ('bike', '2')")
    run(f"INSERT INTO orders SELECT n, n % {customers}, 'new', n * 1.10, now(),"
        f" date '2026-01-01' + n % 9, 0.1 FROM generate_series(0, {orders - 1}) n")
    run(f"INSERT INTO items (order_id, line, sku, price) SELECT n % {orders}, n / 100, 'sku ' || n,"
        f" n FROM generate_series(0, {2 * orders}) n")
    run("INSERT INTO shipments (order_id, carrier)"
        f" SELECT n, 'post' FROM generate_series(0, {orders + 30}, 3) n")
    run(f"INSERT INTO tags SELECT n, 'a' FROM generate_series(0, {orders - 1}, 5) n")
    run("INSERT INTO notes (order_id, note)"
        f" SELECT n, 'note' FROM generate_series(0, {orders + 30}, 9) n")


def job_bodies(stage):
    """Jobs of all kinds on one index, in an order in which they may be created."""
    def body(name, table, entries, **options):
        return stage.job_body(table, entries, name=name, **options)
    return [
        body("a-orders", "orders", ["id:integer", "customer_id:integer", "status:keyword",
                                    "total:float", "placed:date", "day:date", "weight:double"]),
        # Shares a field and documents with a-orders, and has the last word.
        body("b-notes", "notes", [("order_id", "id", "integer"), "note:text", "status:keyword"]),
        body("customers", "customers", [
            ("name", "customer_name", "text"), "city:keyword", "country:keyword", "vip:boolean"],
            **property_of("id", "customer_id")),
        # A chain: it compares what another property job sets.
        body("vat-rates", "vat_rates", [
            "country:keyword", ("rate", "vat_rate", "float"), ("label", "vat_label", "keyword")],
            **property_of("country", "country")),
        body("holidays", "holidays", [("title", "holiday", "keyword")],
             **property_of("day", "day")),
        body("fees", "fees", ["fee:float"], **property_of("weight", "weight")),
        body("shipments", "shipments", ["order_id:integer", "carrier:keyword", "sent:date",
                                        ("pk", "shipment_id", "integer")],
             id="order_id", **object_in("shipment")),
        body("carriers", "carriers", [("phone", "carrier_phone", "keyword")],
             **property_of("code", "shipment.carrier")),
        body("items", "items", ["order_id:integer", "line:integer", "sku:keyword", "price:float"],
             id="order_id", **nested_in("items", "line")),
        body("tags", "tags", ["order_id:integer", "tag:keyword", "note:text"],
             id="order_id", **nested_in("tags", "tag")),
    ]


def add_jobs(stage):
    for body in job_bodies(stage):
        stage.create_job(body)


class ShopWriter(workload.Writer):
    """One session that changes the shop at random.

    In REPEATABLE READ a transaction can see two rows of one primary key: an old one, deleted by a
    later transaction, and its own new one. Hence LIMIT 1 and DISTINCT.
    """

    # Foreign keys make many deadlocks: they are to be found soon.
    settings = {**workload.SETTINGS, "deadlock_timeout": ["50ms"]}
    expected = (*workload.EXPECTED, errors.ForeignKeyViolation)

    def _statement(self, cursor):
        steps = {
            self._upsert_order: 10, self._change_orders: 12, self._delete_orders: 3,
            self._renumber_order: 4, self._order_to_customer: 8,
            self._upsert_customer: 5, self._change_customer: 10, self._renumber_customer: 1.5,
            self._delete_customer: 0.7,
            self._insert_items: 10, self._change_items: 10, self._move_items: 8,
            self._delete_items: 6, self._copy_items: 2,
            self._insert_shipment: 6, self._move_shipment: 6, self._change_shipment: 6,
            self._delete_shipment: 4,
            self._tag: 6, self._move_tag: 3, self._note: 4, self._move_note: 3,
            self._vat_rate: 8, self._holiday: 4, self._fee: 4, self._carrier: 6,
            self._merge: 3 if cursor.connection.server_version >= 150000 else 0,
            self._truncate: 0.4,
        }
        self.random.choices(list(steps), list(steps.values()))[0](cursor)

    # -- orders and customers ------------------------------------------------------------------

    def _order(self):
        return self.random.randrange(ORDERS + 20)

    def _customer(self):
        return self.random.choice([None, *[self.random.randrange(CUSTOMERS) for _ in range(9)]])

    def _range(self, widths=(0, 0, 0, 3, 40)):
        low = self._order()
        return low, low + self.random.choice(widths)

    def _upsert_order(self, cursor):
        cursor.execute(
            "INSERT INTO public.orders SELECT"
            " %s, (SELECT id FROM public.customers WHERE id = %s LIMIT 1),"
            " %s, %s, now(), '2026-01-01'::pg_catalog.date + %s, " + self.random.choice(WEIGHTS)
            + " ON CONFLICT (id) DO UPDATE SET status = excluded.status, weight = excluded.weight,"
            " day = excluded.day",
            (self._order(), self._customer(), f"s{self.random.random()}",
             self.random.randrange(10**6) / 100, self.random.randrange(9)))

    def _change_orders(self, cursor):
        what = self.random.choice([
            "total = total + 0.10", "status = status || '.'", "day = day + 1",
            f"weight = {self.random.choice(WEIGHTS)}", "placed = now()"])
        cursor.execute(f"UPDATE public.orders SET {what} WHERE id BETWEEN %s AND %s", self._range())

    def _delete_orders(self, cursor):
        cursor.execute("DELETE FROM public.orders WHERE id BETWEEN %s AND %s",
                       self._range((0, 0, 3)))

    def _renumber_order(self, cursor):
        cursor.execute("UPDATE public.orders SET id = %s WHERE id = %s",
                       (self._order(), self._order()))

    def _order_to_customer(self, cursor):
        cursor.execute("UPDATE public.orders SET customer_id ="
                       " (SELECT id FROM public.customers WHERE id = %s LIMIT 1)"
                       " WHERE id BETWEEN %s AND %s", (self._customer(), *self._range()))

    def _upsert_customer(self, cursor):
        cursor.execute(
            "INSERT INTO public.customers VALUES (%s, %s, %s, %s, NULL)"
            " ON CONFLICT (id) DO UPDATE SET city = excluded.city, country = excluded.country",
            (self.random.randrange(CUSTOMERS), f"n{self.random.random()}",
             self.random.choice(CITIES), self.random.choice(COUNTRIES)))

    def _change_customer(self, cursor):
        column, values = self.random.choice(
            [("city", CITIES), ("country", COUNTRIES), ("vip", [True, False, None])])
        cursor.execute(f"UPDATE public.customers SET {column} = %s WHERE id = ANY(%s)",
                       (self.random.choice(values),
                        [self.random.randrange(CUSTOMERS) for _ in range(2)]))

    def _renumber_customer(self, cursor):
        cursor.execute("UPDATE public.customers SET id = %s WHERE id = %s",
                       (self.random.randrange(CUSTOMERS), self.random.randrange(CUSTOMERS)))

    def _delete_customer(self, cursor):
        cursor.execute("DELETE FROM public.customers WHERE id = %s",
                       (self.random.randrange(CUSTOMERS),))

    # -- items ---------------------------------------------------------------------------------

    def _insert_items(self, cursor):
        low, high = self._range()
        cursor.execute(
            "INSERT INTO public.items (order_id, line, sku, price) SELECT id, %s, %s, 1.10"
            " FROM public.orders WHERE id BETWEEN %s AND %s",
            (self.random.choice([None, 1, 2, 3]), f"i{self.random.random()}", low, high))

    def _change_items(self, cursor):
        what = self.random.choice(["price = price + 1", "line = NULL", "line = 5 - line",
                                   "sku = sku || '.'", "pk = -pk"])
        cursor.execute(f"UPDATE public.items SET {what} WHERE order_id BETWEEN %s AND %s",
                       self._range((0, 0, 5)))

    def _move_items(self, cursor):
        cursor.execute("UPDATE public.items SET order_id ="
                       " (SELECT id FROM public.orders WHERE id = %s LIMIT 1)"
                       " WHERE order_id BETWEEN %s AND %s", (self._order(), *self._range((0, 2))))

    def _delete_items(self, cursor):
        cursor.execute("DELETE FROM public.items WHERE order_id BETWEEN %s AND %s",
                       self._range((0, 2, 10)))

    def _copy_items(self, cursor):
        cursor.execute("SELECT id FROM public.orders WHERE id BETWEEN %s AND %s", self._range())
        lines = "".join(f"{order}\t{self.random.choice([1, 2])}\tcopied\t\\N\n"
                        for order, in cursor.fetchall())
        cursor.copy_expert("COPY public.items (order_id, line, sku, price) FROM STDIN",
                           io.StringIO(lines))

    # -- shipments, tags, notes ----------------------------------------------------------------

    def _insert_shipment(self, cursor):
        cursor.execute("INSERT INTO public.shipments (order_id, carrier, sent)"
                       " VALUES (%s, %s, now()::pg_catalog.timestamp)",
                       (self._order(), self.random.choice(CARRIERS)))

    def _move_shipment(self, cursor):
        cursor.execute("UPDATE public.shipments SET order_id = %s WHERE order_id = %s",
                       (self.random.choice([None, self._order(), self._order()]), self._order()))

    def _change_shipment(self, cursor):
        cursor.execute("UPDATE public.shipments SET carrier = %s WHERE order_id BETWEEN %s AND %s",
                       (self.random.choice(CARRIERS), *self._range()))
        if self.random.random() < 0.2:  # another one wins
            cursor.execute("UPDATE public.shipments SET pk = -pk WHERE order_id = %s",
                           (self._order(),))

    def _delete_shipment(self, cursor):
        cursor.execute("DELETE FROM public.shipments WHERE order_id BETWEEN %s AND %s",
                       self._range((0, 5)))

    def _tag(self, cursor):
        cursor.execute(
            "INSERT INTO public.tags SELECT DISTINCT id, %s, NULL FROM public.orders WHERE id = %s"
            " ON CONFLICT (order_id, tag) DO UPDATE SET note = pg_catalog.random()",
            (self.random.choice(TAGS), self._order()))

    def _move_tag(self, cursor):
        if self.random.random() < 0.5:
            cursor.execute("DELETE FROM public.tags WHERE tag = %s AND order_id %% 5 = %s",
                           (self.random.choice(TAGS), self.random.randrange(5)))
        else:
            cursor.execute("UPDATE public.tags SET tag = %s WHERE order_id = %s AND tag = %s",
                           (self.random.choice(TAGS), self._order(), self.random.choice(TAGS)))

    def _note(self, cursor):
        cursor.execute("INSERT INTO public.notes (order_id, note, status) VALUES (%s, %s, %s)",
                       (self._order(), "note", self.random.choice([None, "by note"])))

    def _move_note(self, cursor):
        cursor.execute("UPDATE public.notes SET order_id = %s WHERE order_id = %s",
                       (self.random.choice([None, self._order()]), self._order()))
        cursor.execute("DELETE FROM public.notes WHERE order_id = %s", (self._order(),))

    # -- what properties compare ---------------------------------------------------------------

    def _row_of(self, cursor, table, column, values, payload):
        """Inserts, moves, renumbers, changes or deletes a row of a property table."""
        value, other = self.random.choice(values), self.random.choice(values)
        def insert():
            cursor.execute(f"INSERT INTO public.{table} ({column}, {payload}) VALUES (%s, %s)",
                           (value, self.random.randrange(100)))
        self.random.choice([
            insert, insert,
            lambda: cursor.execute(f"UPDATE public.{table} SET {column} = %s WHERE pk ="
                                   f" (SELECT max(pk) FROM public.{table} WHERE {column} = %s)",
                                   (value, other)),
            lambda: cursor.execute(f"UPDATE public.{table} SET {payload} = %s WHERE {column} = %s",
                                   (self.random.randrange(100), value)),
            lambda: cursor.execute(f"UPDATE public.{table} SET pk = -pk WHERE {column} = %s",
                                   (value,)),
            lambda: cursor.execute(f"DELETE FROM public.{table} WHERE {column} = %s AND pk <"
                                   f" (SELECT max(pk) FROM public.{table})", (value,)),
        ])()

    def _vat_rate(self, cursor):
        self._row_of(cursor, "vat_rates", "country", COUNTRIES, "rate")

    def _holiday(self, cursor):
        self._row_of(cursor, "holidays", "day", [f"2026-01-0{n}" for n in range(1, 10)], "title")

    def _fee(self, cursor):
        self._row_of(cursor, "fees", "weight", [0.1, 0.1 + 0.2, 1e-7, float("nan"), None], "fee")

    def _carrier(self, cursor):
        self._row_of(cursor, "carriers", "code", CARRIERS, "phone")

    # -- rare statements -----------------------------------------------------------------------

    def _merge(self, cursor):
        low, high = self._range((5, 30))
        cursor.execute(
            "MERGE INTO public.items i USING (SELECT DISTINCT id FROM public.orders"
            " WHERE id BETWEEN %s AND %s) o ON i.order_id = o.id AND i.line = 1"
            " WHEN MATCHED AND i.price > 50 THEN DELETE"
            " WHEN MATCHED THEN UPDATE SET price = i.price + 30"
            " WHEN NOT MATCHED THEN INSERT (order_id, line, sku) VALUES (o.id, 1, 'merged')",
            (low, high))

    def _truncate(self, cursor):
        cursor.execute("SET LOCAL lock_timeout = 2000")
        cursor.execute(f"TRUNCATE public.{self.random.choice(CHILDREN)}")


class PatientShopWriter(workload.Reconnecting, ShopWriter):
    """One that bears it when the database goes away."""


class TwoPhaseWriter(ShopWriter):
    """One that ends most transactions with PREPARE TRANSACTION and, a little later, COMMIT
    PREPARED, sometimes from another session."""

    prepared = 0

    def _end(self, session):
        if self.random.random() < 0.3:
            super()._end(session)
            return
        self.prepared += 1
        identity = f"{self.name}-{self.prepared}"
        session.cursor().execute("PREPARE TRANSACTION %s", (identity,))
        session.rollback()  # the server is out of the transaction, and the driver has to know
        time.sleep(self.random.choice([0, 0, 0.01, 0.1]))
        self._finish_prepared(session, identity)

    def _finish_prepared(self, session, identity):
        verb = self.random.choice(["COMMIT", "COMMIT", "COMMIT", "ROLLBACK"])
        other = self.random.random() < 0.1
        finisher = self.connect() if other else session
        finisher.autocommit = True
        finisher.cursor().execute(f"{verb} PREPARED %s", (identity,))
        if other:
            finisher.close()
        else:
            session.autocommit = False
        self.committed += verb == "COMMIT"
