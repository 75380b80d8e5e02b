"""A server that shows how connections and messages end. Arguments: a port, of TCP and UDP.

A connection of plain TCP begins with a line `WORD ID`; one of HTTP/1 with a request for `/WORD/ID`: what each word does is said at its
function below. What the server noticed is kept under the ID: `GET /noted/ID` waits for it, `GET /note/ID/TEXT` is such a note of a client.
A datagram with a number is answered by a datagram of that size, one with two numbers by so many of them."""

import collections
import socket
import struct
import sys
import threading
import time

PORT = int(sys.argv[1])
PATIENCE = 10
notes = collections.defaultdict(list)
changed = threading.Condition()


def note(key, text):
    with changed:
        notes[key].append(text)
        changed.notify_all()


def noted(key, seconds=PATIENCE):
    with changed:
        changed.wait_for(lambda: notes[key], seconds)
        return notes[key][-1] if notes[key] else "nothing"


def reset(s):
    s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    s.close()


def until_end(reader):
    """All that comes, and how it ended."""
    data = b""
    try:
        while chunk := reader.read1(65536):
            data += chunk
        return data, "end"
    except ConnectionResetError:
        return data, "reset"
    except OSError:
        return data, "silence"


class Plain:
    """Words of plain TCP. Each gets the socket, the ID and a reader that stands behind the line."""

    def count(self, s, key, reader):
        """Answers once the client has ended its direction."""
        data, _ = until_end(reader)
        s.sendall(b"got %d bytes" % len(data))

    def first(self, s, key, reader):
        """Ends its own direction first, and notes what came until the client ended the other one."""
        s.sendall(b"hello")
        s.shutdown(socket.SHUT_WR)
        note(key, until_end(reader)[0].decode())

    def watch(self, s, key, reader):
        """Notes how the client ends."""
        s.sendall(b"ready\n")
        note(key, until_end(reader)[1])

    def reset(self, s, key, reader):
        """Breaks off after a part."""
        s.sendall(b"part\n")
        time.sleep(0.1)
        reset(s)

    def deaf(self, s, key, reader):
        """Goes on after the client has ended its direction, without a word."""
        s.sendall(b"ready\n")
        until_end(reader)
        time.sleep(PATIENCE)


class Web:
    """Words of HTTP. Each gets the socket, the ID, the head as it came, and a reader that stands behind it."""

    def answer(self, s, status, body=b"", *headers, version=b"HTTP/1.1"):
        head = [b"%s %s" % (version, status), b"Content-Length: %d" % len(body), *headers, b"", body]
        s.sendall(b"\r\n".join(head))
        return True

    def note(self, s, key, head, reader):
        key, text = key.split("/")
        note(key, text)
        return self.answer(s, b"200 OK")

    def noted(self, s, key, head, reader):
        return self.answer(s, b"200 OK", noted(key).encode())

    def size(self, s, key, head, reader):
        """Says how many bytes the head has."""
        return self.answer(s, b"200 OK", b"%d" % len(head))

    def head(self, s, key, head, reader):
        """Answers with a header of so many KB."""
        return self.answer(s, b"200 OK", b"fine", b"X-Large: " + b"x" * (int(key) * 1024))

    def early103(self, s, key, head, reader):
        """Hints before the answer."""
        s.sendall(b"HTTP/1.1 103 Early Hints\r\nLink: </a.css>; rel=preload\r\n\r\n")
        return self.answer(s, b"200 OK", b"page")

    def early100(self, s, key, head, reader):
        """Asks for a body that nobody spoke of."""
        s.sendall(b"HTTP/1.1 100 Continue\r\n\r\n")
        return self.answer(s, b"200 OK", b"page")

    def trailers(self, s, key, head, reader):
        s.sendall(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: X-Sum\r\n\r\n")
        s.sendall(b"4\r\npage\r\n0\r\nX-Sum: 42\r\n\r\n")
        return True

    def ended(self, s, key, head, reader):
        """The body has no length: it ends with the connection."""
        s.sendall(b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n" + b"x" * 100_000)
        s.sendall(b"end")

    def old(self, s, key, head, reader):
        """As a server of 1996."""
        s.sendall(b"HTTP/1.0 200 OK\r\n\r\npage")

    def cut(self, s, key, head, reader):
        """Breaks off within the body; the ID says how its end would have been known."""
        heads = {
            "length": b"Content-Length: 200000",
            "chunked": b"Transfer-Encoding: chunked",
            "close": b"Connection: close",
        }
        start = b"186a0\r\n" if key == "chunked" else b""
        s.sendall(b"HTTP/1.1 200 OK\r\n" + heads[key] + b"\r\n\r\n" + start + b"x" * 100_000)
        time.sleep(0.1)
        reset(s)

    def events(self, s, key, head, reader, *headers, chunked=True):
        """An event, and another one that says whether somebody noted the first before: with `ID` as any server writes them."""
        form = b"Transfer-Encoding: chunked" if chunked else b"Connection: close"
        fields = [b"HTTP/1.1 200 OK", b"Content-Type: text/event-stream", form, *headers, b"", b""]
        s.sendall(b"\r\n".join(fields))

        def send(text):
            event = b"data: %s\n\n" % text.encode()
            s.sendall(b"%x\r\n%s\r\n" % (len(event), event) if chunked else event)

        send("first")
        send(noted(key, 2))
        if chunked:
            s.sendall(b"0\r\n\r\n")
        return chunked

    def told(self, s, key, head, reader):
        """The same, and says that it must not be buffered."""
        return self.events(s, key, head, reader, b"X-Accel-Buffering: no")

    def endless(self, s, key, head, reader):
        """The same, without a length."""
        return self.events(s, key, head, reader, chunked=False)

    def socket(self, s, key, head, reader):
        """A WebSocket, as far as a proxy looks: silent for 2 seconds, then a word."""
        s.sendall(b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n")
        time.sleep(2)
        s.sendall(b"word")

    def upload(self, s, key, head, reader):
        """Notes that the first bytes of a body came, and answers with how it was sent, and all of it."""
        fields = dict(line.lower().split(b": ", 1) for line in head.split(b"\r\n")[1:] if line)
        chunked = b"transfer-encoding" in fields
        rest, body = int(fields.get(b"content-length", 0)), b""
        while chunked or rest:
            length = int(reader.readline(), 16) if chunked else min(rest, 65536 if body else 6)
            body += reader.read(length)
            note(key, "came")
            if chunked:
                reader.readline()
                if not length:
                    break
            rest -= length
        return self.answer(s, b"200 OK", (b"chunked " if chunked else b"length ") + body)

    def refuse(self, s, key, head, reader):
        """Answers before it has read the body; then it reads on for a while, as servers do, so that the answer is not lost."""
        self.answer(s, b"413 Too Large", b"no", b"Connection: close")
        s.shutdown(socket.SHUT_WR)
        s.settimeout(3)
        until_end(reader)

    def once(self, s, key, head, reader):
        """Answers, and closes when the next request comes over the same connection, without a word."""
        note(key, "request")
        self.answer(s, b"200 OK", b"%d" % len(notes[key]))
        reader.peek(1)

    def hang(self, s, key, head, reader):
        """Never answers; notes how the connection ends."""
        s.settimeout(PATIENCE)
        note(key, until_end(reader)[1])


def serve(s):
    with s:
        s.settimeout(PATIENCE)
        s.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        try:
            reader = s.makefile("rb")
            if reader.peek(1)[:1] == b"\x16":  # the first message of TLS, from which nginx takes a name
                reader.read(int.from_bytes(reader.read(5)[3:], "big"))
            while first := reader.readline():
                words = first.decode().split()
                if len(words) < 3:
                    getattr(Plain(), words[0])(s, words[-1], reader)
                    return
                head = first
                while (line := reader.readline()).strip():
                    head += line
                _, word, key = words[1].split("/", 2)
                if not getattr(Web(), word)(s, key, head, reader):
                    return
        except OSError:
            pass


def datagrams():
    with socket.socket(socket.AF_INET6, socket.SOCK_DGRAM) as s:
        s.bind(("", PORT))
        while True:
            data, client = s.recvfrom(65536)
            size, count = ([int(n) for n in data.split()] + [1])[:2]
            for i in range(count):
                start = b"%d %d " % (len(data), i)
                s.sendto(start + b"x" * (size - len(start)), client)


server = socket.create_server(("::", PORT), family=socket.AF_INET6, dualstack_ipv6=True, backlog=128)
threading.Thread(target=datagrams, daemon=True).start()
print("ready", flush=True)
while True:
    threading.Thread(target=serve, args=[server.accept()[0]], daemon=True).start()
