"""A TCP proxy on loopback that does what networks and overloaded servers do: only for faults that a
real server cannot be made to show."""

import asyncio
import contextlib
import threading

import common

PIECE = 64 << 10


class Proxy:
    """Passes everything on to a port until told otherwise; one thread, ended by stop()."""

    def __init__(self, upstream_port):
        self.upstream_port = upstream_port
        self.port = common.free_port()
        self._loop = asyncio.new_event_loop()
        self._connections = set()  # of the loop's thread, as all below
        self._handle = self._pass_on
        self._moving = None
        self._bytes_left = None
        self._answer = b""
        self._cut = 0
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._ready = threading.Event()

    def start(self):
        self._thread.start()
        assert self._ready.wait(10), "the proxy did not start"
        return self

    def stop(self):
        self._loop.call_soon_threadsafe(self._stopping.set)
        self._thread.join(10)

    # -- faults ----------------------------------------------------------------------------------

    @contextlib.contextmanager
    def refusing(self):
        """Nobody is there."""
        self._set(handle=self._refuse, cut=True)
        yield
        self._set(handle=self._pass_on)

    @contextlib.contextmanager
    def swallowing(self):
        """Packets get lost: connections stay open, and nothing comes through."""
        self._set(moving=False)
        yield
        # What was swallowed stays lost, as it would for connections that a firewall forgot.
        self._set(moving=True, cut=True)

    @contextlib.contextmanager
    def answering(self, status, headers="", body="{}"):
        """An HTTP server of its own that gives every request this answer."""
        answer = (f"HTTP/1.1 {status}\r\ncontent-type: application/json\r\n{headers}"
                  f"content-length: {len(body)}\r\n\r\n{body}").encode()
        self._set(handle=self._answer_all, answer=answer, cut=True)
        yield
        self._set(handle=self._pass_on, cut=True)

    @contextlib.contextmanager
    def cutting(self, after_bytes, of_answers=False):
        """Every connection is cut when so much of it went up (or down) since the last cut."""
        self._set(bytes_left=[after_bytes, after_bytes, of_answers])
        yield
        self._set(bytes_left=None)

    def cut_all(self):
        self._set(cut=True)

    @property
    def cuts(self):
        """How many connections were cut in the middle so far."""
        return self._cut

    # -- inside ----------------------------------------------------------------------------------

    def _set(self, handle=None, moving=None, cut=False, answer=None, **more):
        done = threading.Event()

        def change():
            if answer is not None:
                self._answer = answer
            if handle is not None:
                self._handle = handle
            if "bytes_left" in more:
                self._bytes_left = more["bytes_left"]
            if moving is not None:
                self._moving.set() if moving else self._moving.clear()
            if cut:
                for writer in list(self._connections):
                    writer.transport.abort()
            done.set()
        self._loop.call_soon_threadsafe(change)
        assert done.wait(10), "the proxy hangs"

    def _run(self):
        asyncio.set_event_loop(self._loop)
        self._loop.run_until_complete(self._serve())

    async def _serve(self):
        self._moving = asyncio.Event()
        self._moving.set()
        self._stopping = asyncio.Event()
        server = await asyncio.start_server(self._accept, "127.0.0.1", self.port)
        self._ready.set()
        await self._stopping.wait()
        server.close()
        for writer in list(self._connections):
            writer.transport.abort()
        tasks = asyncio.all_tasks() - {asyncio.current_task()}
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _accept(self, reader, writer):
        self._connections.add(writer)
        try:
            await self._moving.wait()
            await self._handle(reader, writer)
        except (OSError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
            pass
        finally:
            self._connections.discard(writer)
            writer.transport.abort()

    async def _refuse(self, reader, writer):
        pass

    async def _answer_all(self, reader, writer):
        while True:
            head = await reader.readuntil(b"\r\n\r\n")
            for line in head.lower().split(b"\r\n"):
                if line.startswith(b"content-length:"):
                    await reader.readexactly(int(line.split(b":")[1]))
                if line.startswith(b"expect:"):
                    writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
            writer.write(self._answer)
            await writer.drain()

    async def _pass_on(self, reader, writer):
        upstream_reader, upstream = await asyncio.open_connection("127.0.0.1", self.upstream_port)
        self._connections.add(upstream)
        pumps = [asyncio.ensure_future(self._pump(reader, upstream, False)),
                 asyncio.ensure_future(self._pump(upstream_reader, writer, True))]
        try:
            await asyncio.wait(pumps, return_when=asyncio.FIRST_COMPLETED)
        finally:
            self._connections.discard(upstream)
            upstream.transport.abort()
            for pump in pumps:
                pump.cancel()
            await asyncio.gather(*pumps, return_exceptions=True)

    async def _pump(self, reader, writer, is_answer):
        while data := await reader.read(PIECE):
            await self._moving.wait()
            budget = self._bytes_left
            if budget is not None and budget[2] == is_answer:
                budget[0] -= len(data)
                if budget[0] < 0:
                    writer.write(data[:max(0, budget[0] + len(data))])
                    with contextlib.suppress(OSError):
                        await writer.drain()
                    budget[0] = budget[1]
                    self._cut += 1
                    return
            writer.write(data)
            await writer.drain()
