"""Raw requests and what every group needs to send them."""

import json
import socket
import time
import uuid

from harness import KEY, Server, read_answers

AUTH = "Authorization: Bearer " + KEY


def score(source):
    return json.dumps({"source_type": "trace", "source_id": source, "label_name": "accuracy", "value": 0.5}).encode()


class Running(Server):
    """Started already; the block it is used in ends it."""

    def __enter__(self):
        return self


def serve(*arguments, **more):
    server = Running(arguments=arguments, **more)
    server.start()
    if server.post("/v1/labels", {"name": "accuracy", "type": "numeric", "settings": {}}).status_code not in (200, 201):
        raise RuntimeError("no label")
    return server


def request(line="POST /v1/scores HTTP/1.1", fields=(), body=b"", host="Host: localhost", auth=AUTH):
    """Exactly these bytes: no length is added. Text is latin-1, so that any byte can be written."""
    lines = [line] + [field for field in (host, auth, *fields) if field is not None]
    return "\r\n".join(lines).encode("latin-1") + b"\r\n\r\n" + body


def posted(body, fields=(), **more):
    return request(fields=["Content-Length: %d" % len(body), *fields], body=body, **more)


def chunked(chunks, **more):
    return request(fields=["Transfer-Encoding: chunked"], body=chunks, **more)


def connect(server, timeout=10, window=None):
    connection = socket.socket()
    if window is not None:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, window)
    connection.settimeout(timeout)
    connection.connect(("127.0.0.1", server.port))
    return connection


def statuses(server, data, half_close=True, pieces=None):
    """The statuses of all answers until the server closes; "open" at the end when it does not."""
    with connect(server, timeout=5) as connection:
        try:
            for piece in pieces or [data]:
                connection.sendall(piece)
                if pieces:
                    time.sleep(0.05)
            if half_close:
                connection.shutdown(socket.SHUT_WR)
        except OSError:
            pass  # Refused and closed before all was sent; the answer may still be there.
        try:
            return [answer[0] for answer in read_answers(connection)]
        except socket.timeout:
            return ["open"]


def metric(server, name):
    for line in server.get("/metrics").text.splitlines():
        if line.startswith(name + " "):
            return float(line.rsplit(" ", 1)[1])
    raise RuntimeError("no metric " + name)


def fresh():
    return str(uuid.uuid4())
