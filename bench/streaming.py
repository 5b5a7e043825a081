"""Following changes: bursts, an even pace, one row that many documents show, a backlog."""

import http.client
import json
import multiprocessing
import time

import common
import psycopg2
from house import Cost, House, Process, percentiles
from loading import FLAT, FLAT_TABLE, SHOP_TABLES, add_shop_jobs

WRITERS = 4


def live_flat(house, rows):
    house.run(FLAT_TABLE.format(rows=rows))
    house.add_job("flat", "flat", FLAT, type="index", id="id")
    house.wait_live("flat")


def update_rows(parameters, first, changes):
    """Single-row transactions, one after the other."""
    connection = psycopg2.connect(**parameters)
    connection.autocommit = True
    cursor = connection.cursor()
    for row in range(first, first + changes):
        cursor.execute("UPDATE flat SET note = 'burst ' || %s WHERE id = %s", (row, row))


def write_together(parameters, changes):
    """As fast as four clients can."""
    each = changes // WRITERS
    with multiprocessing.Pool(WRITERS) as pool:
        pool.starmap(update_rows, [(parameters, 1 + n * each, each) for n in range(WRITERS)])


def stream_burst(options):
    """As many single-row updates as four clients can; done when the last one is readable."""
    with House(options) as house:
        live_flat(house, 250_000)
        parameters = house.postgres.connection_parameters()
        for changes in (20_000, 200_000):
            cost = Cost(house)
            write_together(parameters, changes)
            written = cost.seconds()
            house.wait_live("flat")
            house.report("stream_burst", written_in_s=round(written, 2),
                         behind_s=round(cost.seconds() - written, 2),
                         **cost.figures(changes, "change"))
        return house.figures


def follow_changes(parameters, port, number, per_second, changes, document="/flat/_doc/{row}",
                   field="note"):
    """Changes rows at an even pace, and asks for each document until it shows the change."""
    connection = psycopg2.connect(**parameters)
    connection.autocommit = True
    cursor = connection.cursor()
    client = http.client.HTTPConnection("127.0.0.1", port)
    times, start = [], time.monotonic() + 0.5
    for change in range(changes):
        time.sleep(max(0.0, start + change / per_second - time.monotonic()))
        row, mark = 1 + number * 10_000 + change, f"{number}-{change}"
        cursor.execute("UPDATE flat SET note = %s WHERE id = %s", (mark, row))
        committed = time.monotonic()
        while True:
            client.request("GET", f"{document.format(row=row)}?_source_includes={field}")
            if json.loads(client.getresponse().read())["_source"].get(field) == mark:
                break
            time.sleep(0.001)
        times.append((time.monotonic() - committed) * 1000)
    return times


def stream_paced(options):
    """Commit to readable by id, at 200 and 2,000 changes a second."""
    with House(options) as house:
        live_flat(house, 100_000)
        parameters = house.postgres.connection_parameters()
        write_together(parameters, 20_000)  # the cluster gets warm
        house.wait_live("flat")
        for per_second, writers in ((200, 4), (2000, 8)):
            cost = Cost(house)
            with multiprocessing.Pool(writers) as pool:
                results = pool.starmap(follow_changes, [
                    (parameters, house.opensearch.port, number, per_second / writers,
                     options.changes // writers) for number in range(writers)])
            times = [time_ms for result in results for time_ms in result]
            house.report("stream_paced", asked_per_s=per_second, **percentiles(times),
                         **cost.figures(len(times), "change"))
        return house.figures


def fan_out(options):
    """One row of a property that 1,000 and 100,000 documents show."""
    with House(options) as house:
        house.run(SHOP_TABLES.format(orders=101_000, customers=1000))
        house.run("UPDATE orders SET customer_id = CASE WHEN id <= 1000 THEN 1 ELSE 2 END;\n"
                  "VACUUM ANALYZE orders")
        jobs = add_shop_jobs(house, "shop")
        house.wait_live(*jobs)
        for customer, documents in ((1, 1000), (2, 100_000)):
            cost = Cost(house)
            house.run(f"UPDATE customers SET name = name || '!' WHERE id = {customer}")
            house.wait_live(*jobs)
            house.report("fan_out", **cost.figures(documents, "document"))
        return house.figures


def backlog(options):
    """Keys that waited while no Syncline ran."""
    with House(options) as house:
        live_flat(house, options.rows)
        house.syncline.stop()
        begun = time.monotonic()
        house.run("UPDATE flat SET quantity = quantity + 1")
        house.report("backlog_written", changes=options.rows,
                     seconds=round(time.monotonic() - begun, 2))
        house.syncline.start()
        cost = Cost(house)
        house.wait_live("flat", interval_s=0.5)
        house.report("backlog", **cost.figures(options.rows, "change"))
        return house.figures


def idle(options):
    """100 live jobs that have nothing to do."""
    seconds = 20
    with House(options) as house:
        names = [f"idle-{n}" for n in range(100)]
        for n, name in enumerate(names):
            house.run(f"CREATE TABLE idle_{n} (id int PRIMARY KEY, s text);\n"
                      f"INSERT INTO idle_{n} SELECT x, 'row' FROM generate_series(1, 10) x")
            house.add_job(name, f"idle_{n}", {"id": "integer", "s": "keyword"}, type="index",
                          id="id")
        house.wait_live(*names, interval_s=1)
        time.sleep(5)
        postmaster = Process(house.postgres.process.pid)
        cost, database = Cost(house), database_cpu_s(postmaster)
        time.sleep(seconds)
        engine = (cost.process.cpu_s() - cost.cpu_s) / seconds
        house.report("idle", jobs=len(names), engine_percent=round(engine * 100, 2),
                     postgresql_percent=round(
                         (database_cpu_s(postmaster) - database) / seconds * 100, 2),
                     peak_mb=round(cost.process.peak_mb(), 1))
        house.syncline.stop()
        begun = time.monotonic()
        house.syncline.start()
        common.wait_for(lambda: house.api.get("/health/ready").status_code == 200, 60, "ready",
                        0.01)
        house.report("start_to_ready", jobs=len(names),
                     seconds=round(time.monotonic() - begun, 2))
        return house.figures


def database_cpu_s(postmaster):
    return sum(process.cpu_s() for process in [postmaster, *postmaster.children()])
