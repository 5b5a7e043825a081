"""The clock of Syncline's machine steps back by a day, then forward: versions rise nevertheless."""

import pathlib

import shop

LIBRARY = next(pathlib.Path("/usr/lib").glob("*/faketime/libfaketime.so.1"))


def test_syncline_clock_steps(stage):
    clock = stage.folder / "clock"
    clock.write_text("+0")
    stage.syncline.environment.update({
        "LD_PRELOAD": str(LIBRARY), "FAKETIME_TIMESTAMP_FILE": str(clock), "FAKETIME_NO_CACHE": "1",
        "FAKETIME_DONT_FAKE_MONOTONIC": "1"})
    stage.start()
    shop.create_tables(stage.run)
    shop.fill(stage.run)
    shop.add_jobs(stage)
    stage.wait_until_equal()
    for offset in ("-1d", "+2d", "-3d"):
        clock.write_text(offset)
        stage.run("UPDATE orders SET status = %s", (offset,))
        stage.run("DELETE FROM items WHERE order_id % 7 = 3")
        stage.wait_until_equal()
        stage.syncline.restart(kill=True)
        stage.run("UPDATE customers SET city = city || '+'; UPDATE shipments SET carrier = 'x'")
        stage.wait_until_equal()
