"""A foreign index of orders, the tables that add to it, and jobs of every kind on it."""

from stage import nested_in, object_in, property_of

SWEEP_S = 1


def create_tables(run):
    run("CREATE TABLE customers (pk int PRIMARY KEY, id int, city text, country text);"
        "CREATE TABLE vat_rates (country text PRIMARY KEY, rate numeric);"
        "CREATE TABLE shipments (pk int PRIMARY KEY, order_id int, carrier text);"
        "CREATE TABLE items (pk int PRIMARY KEY, order_id int, sku text)")
    run("INSERT INTO customers SELECT n, n, 'city ' || n, 'de'"
        " FROM generate_series(1, 6) n;"
        "INSERT INTO vat_rates VALUES ('de', 19.0), ('fr', 20);"
        "INSERT INTO shipments SELECT n, n * 2, 'post' FROM generate_series(1, 20) n;"
        "INSERT INTO items SELECT n, n % 40, 'sku ' || n FROM generate_series(1, 90) n")


def documents(ids, **more):
    return {str(n): {"id": n, "customer_id": n % 8, "title": f"title {n}", **more} for n in ids}


def job_bodies(stage, sweep_s=SWEEP_S):
    def body(name, table, entries, **options):
        return stage.job_body(table, entries, name=name, foreign_sweep_seconds=sweep_s, **options)
    return {
        "object": body("shipments", "shipments", ["order_id:integer", "carrier:keyword"],
                       id="order_id", **object_in("shipment")),
        "nested": body("items", "items", ["pk:integer", "order_id:integer", "sku:keyword"],
                       id="order_id", **nested_in("items", "pk")),
        "property": body("customers", "customers", ["city:keyword", "country:keyword"],
                         **property_of("id", "customer_id")),
        "chain": body("vat-rates", "vat_rates", ["rate:float"],
                      **property_of("country", "country"))}


def add_jobs(owner, *kinds, **options):
    bodies = job_bodies(owner.stage, **options)
    for kind in kinds or bodies:
        owner.stage.create_job(bodies[kind])
