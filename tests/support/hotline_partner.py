"""The 12345 hotline as a process of its own, with nothing but the standard library and the documented interface.

It listens for events, of which it refuses every third at first, and obeys lines of JSON on standard input:
``push`` sends orders, some twice, some of them over connections that are cut before the answer is read, and tries each
until it has read that it was taken; ``reconcile`` sends its list of a day; ``seen`` tells what it was told.
"""

import hashlib
import hmac
import http.client
import http.server
import json
import socket
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from urllib.parse import urlsplit

ORDERS = "/api/v1/exchange/12345/orders"
RECONCILIATIONS = "/api/v1/exchange/12345/reconciliations"
PATIENCE_S = 90.0
_WORKERS = 4


def signature(secret: str, body: bytes, at: int) -> str:
    """Return what proves who sends a body, as the guide has it."""
    proof = hmac.new(secret.encode(), f"{at}.".encode() + body, hashlib.sha256).hexdigest()
    return f"t={at},v1={proof}"


class Hotline:
    """What the partner holds: its orders with their states, by their numbers, and the ids of events that it took."""

    def __init__(self, server: str, key: str, secret: str) -> None:
        self.address = urlsplit(server)
        self.key, self.secret = key, secret
        self.states: dict[str, str] = {}
        self.events: list[dict[str, Any]] = []
        self.doubled = self.refused = self.forged = self.cut = 0
        self._known: set[str] = set()
        self._lock = threading.Lock()

    def push(self, orders: list[dict[str, Any]]) -> dict[str, int]:
        """Send all orders, and return how often each status was read."""
        sent = [order for number, order in enumerate(orders) for _ in range(2 if number % 5 == 0 else 1)]
        statuses: dict[str, int] = {}
        with ThreadPoolExecutor(_WORKERS) as pool:
            for status in pool.map(self._push, range(len(sent)), sent):
                statuses[str(status)] = statuses.get(str(status), 0) + 1
        return statuses

    def _push(self, number: int, order: dict[str, Any]) -> int:
        body = json.dumps(order, ensure_ascii=False).encode()
        if number % 7 == 0:
            self._cut_off(body)
        end = time.monotonic() + PATIENCE_S
        while True:
            try:
                status, answer = self.post(ORDERS, body)
            except OSError:  # the server is away: what was sent may have arrived or not
                status, answer = 0, {}
            if status in (200, 201):
                with self._lock:
                    self.states.setdefault(order["order_no"], "received")
                return status
            if status in (401, 403, 404, 409, 422) or time.monotonic() > end:
                raise RuntimeError(f"{order['order_no']}: {status} {answer}")
            time.sleep(0.2)

    def _cut_off(self, body: bytes) -> None:
        """Send an order and go away before the answer is read."""
        try:
            with socket.create_connection((self.address.hostname, self.address.port), 5) as wire:
                headers = {"Host": self.address.netloc, "Content-Length": len(body), **self._headers(body)}
                lines = [f"POST {ORDERS} HTTP/1.1", *(f"{name}: {value}" for name, value in headers.items()), "", ""]
                wire.sendall("\r\n".join(lines).encode() + body)
        except OSError:
            pass
        with self._lock:
            self.cut += 1

    def post(self, path: str, body: bytes) -> tuple[int, dict[str, Any]]:
        """Send a signed body and return the status and the answer."""
        connection = http.client.HTTPConnection(self.address.hostname or "", self.address.port, timeout=20)
        try:
            connection.request("POST", path, body, self._headers(body))
            answer = connection.getresponse()
            return answer.status, json.loads(answer.read() or b"{}")
        except http.client.HTTPException as error:
            raise ConnectionError from error
        finally:
            connection.close()

    def _headers(self, body: bytes) -> dict[str, str]:
        return {
            "Content-Type": "application/json",
            "Authorization": f"Bearer {self.key}",
            "X-Gridmgmt-Signature": signature(self.secret, body, int(time.time())),
        }

    def reconcile(self, day: str) -> dict[str, Any]:
        """Send the list of a day and return how it compares."""
        items = [{"order_no": number, "state": state} for number, state in sorted(self.states.items())]
        return self.post(RECONCILIATIONS, json.dumps({"day": day, "items": items}).encode())[1]

    def take(self, header: str, event_id: str, body: bytes) -> int:
        """Take an event in and return the status that it is answered with."""
        at = dict(part.split("=", 1) for part in header.split(","))["t"]
        with self._lock:
            if not hmac.compare_digest(signature(self.secret, body, int(at)), header):
                self.forged += 1
                return 401
            if event_id not in self._known and len(self._known) % 3 == 0:
                self._known.add(event_id)
                self.refused += 1
                return 500
            self._known.add(event_id)
            event = json.loads(body)
            if any(each["event_id"] == event["event_id"] for each in self.events):
                self.doubled += 1
                return 204
            self.events.append(event)
            self.states[event["order_no"]] = event["state"]
            return 204


def listen(hotline: Hotline) -> int:
    """Take events in on a free port, and return it."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            headers = self.headers
            status = hotline.take(headers["X-Gridmgmt-Signature"], headers["X-Gridmgmt-Delivery"], body)
            self.send_response(status)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return int(server.server_address[1])


def main(server: str, key: str, secret: str) -> None:
    """Obey one line after another."""
    hotline = Hotline(server, key, secret)
    say({"url": f"http://127.0.0.1:{listen(hotline)}/events"})
    for line in sys.stdin:
        asked = json.loads(line)
        match asked["do"]:
            case "push":
                say(hotline.push(asked["orders"]))
            case "reconcile":
                hotline.states.update(asked.get("pretend", {}))
                say(hotline.reconcile(asked["day"]))
            case "seen":
                names = ("events", "states", "doubled", "refused", "forged", "cut")
                say({name: getattr(hotline, name) for name in names})


def say(value: object) -> None:
    """Answer on a line of its own."""
    sys.stdout.write(json.dumps(value) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main(*sys.argv[1:])
