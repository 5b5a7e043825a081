"""A cluster that takes every document at once: bulks are answered with success and forgotten,
everything else goes on to a real one. What is left of a load is the engine's own share.
"""

import http.client
import http.server
import threading


def answer_to(body):
    """One item for each action: an index action is followed by its document, a delete is not."""
    items, lines = [], iter(body.split(b"\n"))
    for action in lines:
        if action.startswith(b'{"delete"'):
            items.append(b'{"delete":{"status":200}}')
        elif action:
            items.append(b'{"index":{"status":200}}')
            next(lines)
    return b'{"errors":false,"items":[' + b",".join(items) + b"]}", len(items)


class Sink:
    """Serves until close(); `documents` counts what it took."""

    def __init__(self, port):
        sink = self
        self.documents = 0
        self.lock = threading.Lock()

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def respond(self, status, content_type, body):
                self.send_response(status)
                self.send_header("Content-Type", content_type)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                if self.command != "HEAD":
                    self.wfile.write(body)

            def handle_request(self):
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                if "/_bulk" in self.path:
                    answer, count = answer_to(body)
                    with sink.lock:
                        sink.documents += count
                    self.respond(200, "application/json; charset=UTF-8", answer)
                    return
                real = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
                real.request(self.command, self.path, body, {
                    "Content-Type": self.headers.get("Content-Type") or "application/json"})
                response = real.getresponse()
                self.respond(response.status, response.getheader("Content-Type") or "text/plain",
                             response.read())
                real.close()

            do_GET = do_POST = do_PUT = do_DELETE = do_HEAD = handle_request

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.port = self.server.server_address[1]
        self.thread = threading.Thread(target=self.server.serve_forever)
        self.thread.start()

    def close(self):
        self.server.shutdown()
        self.thread.join()
        self.server.server_close()
