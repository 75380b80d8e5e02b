import struct

import pytest
from portway import traffic

TCP, UDP, ESP = 6, 17, 50
DNAT, SEEN = 1 << 5, 1 << 1
V4 = (bytes([198, 51, 100, 7]), bytes([10, 0, 0, 1]))
# Both look like headers of attributes.
TRICKY = (bytes([8, 0, 3, 0]), bytes([8, 0, 12, 0]))
V6 = (bytes.fromhex("20010db8000000000800030000000020"), bytes.fromhex("08000c0008000c000800030008000300"))


def attribute(kind, value, nested=False):
    size = 4 + len(value)
    return struct.pack("=HH", size, kind | (0x8000 if nested else 0)) + value + bytes(-size % 4)


def way(kind, addresses, protocol, ports):
    first = 1 if len(addresses[0]) == 4 else 3
    inside = b"".join(attribute(first + i, address) for i, address in enumerate(addresses))
    about = attribute(1, bytes([protocol]))
    if ports:
        about += b"".join(attribute(2 + i, struct.pack(">H", port)) for i, port in enumerate(ports))
    return attribute(kind, attribute(1, inside, True) + attribute(2, about, True), True)


def counters(kind, packets, size):
    return attribute(kind, attribute(1, struct.pack(">Q", packets)) + attribute(2, struct.pack(">Q", size)), True)


def message(
    protocol=TCP, ports=(4000, 80), status=DNAT | SEEN, one=7, counts=(3, 200, 2, 90), addresses=V4, listed=False
):
    parts = [attribute(3, struct.pack(">I", status)), attribute(12, struct.pack(">I", one))]
    # A list has them in another order, and timeouts.
    middle = parts[0] + attribute(7, struct.pack(">I", 100)) + parts[1] if listed else parts[1] + parts[0]
    counted = counters(9, *counts[:2]) + counters(10, *counts[2:]) if counts else b""
    answers = way(2, addresses[::-1], protocol, ports[::-1] if ports else ())
    body = struct.pack("=BBH", 2, 0, 0) + way(1, addresses, protocol, ports) + answers + middle + counted
    return struct.pack("=IHHII", 16 + len(body), 0x100, 0, 0, 0) + body


def read(*messages):
    text = b"".join(messages)
    traffic.buffer[: len(text)] = text
    return list(traffic.flows(len(text)))


@pytest.mark.parametrize("listed", [False, True])
@pytest.mark.parametrize("addresses", [V4, TRICKY, V6])
@pytest.mark.parametrize(
    ("protocol", "ports", "port"), [(TCP, (4000, 80), 80), (UDP, (0x0800, 0x0C00), 0x0C00), (ESP, (), 0)]
)
def test_reads_a_connection(protocol, ports, port, addresses, listed):
    one = message(protocol, ports, addresses=addresses, listed=listed)
    assert read(one) == [(protocol, port, traffic.ID, 7, DNAT | SEEN, 3, 200, 2, traffic.BYTES, 90)]


class Ends:
    """A socket in which these wait."""

    def __init__(self, *waiting):
        self.waiting = list(waiting)

    def recv_into(self, buffer):
        if not self.waiting:
            raise BlockingIOError
        one = self.waiting.pop(0)
        if isinstance(one, OSError):
            raise one
        buffer[: len(one)] = one
        return len(one)


def test_reads_alike_messages_where_the_numbers_were_and_others_anew(monkeypatch):
    traffic.layouts.clear()
    first = message(one=1)
    with_id, with_status = attribute(12, struct.pack(">I", 1)), attribute(3, struct.pack(">I", DNAT | SEEN))
    # As long, with the status and the id in another order.
    other = first.replace(with_id + with_status, with_status + with_id)
    assert other != first
    assert len(list(traffic.ended(Ends(first)))) == 1
    assert list(traffic.layouts) == [len(first)]
    searched = []
    search = traffic.flows
    monkeypatch.setattr(traffic, "flows", lambda size: searched.append(size) or search(size))
    found = list(traffic.ended(Ends(message(one=2, counts=(9, 8, 7, 6)), other)))
    assert [flow[3:8] + flow[9:] for flow in found] == [(2, DNAT | SEEN, 9, 8, 7, 6), (1, DNAT | SEEN, 3, 200, 2, 90)]
    assert len(searched) == 1


def test_reads_one_that_nobody_counted():
    assert read(message(counts=())) == [(TCP, 80, traffic.ID, 7, DNAT | SEEN, 0, 0, 0, 0, 0)]


def test_reads_several_and_the_end_of_a_list():
    done = struct.pack("=IHHII", 20, 3, 2, 0, 0) + bytes(4)
    assert [flow[:1] for flow in read(message(), message(UDP, (5, 53)), done)] == [(TCP,), (UDP,), ()]


def test_adds_up_what_was_translated():
    sums = {}
    for one in (message(), message(one=8), message(status=SEEN), message(UDP, (9, 80))):
        for flow in read(one):
            traffic.add(sums, flow)
    assert sums == {TCP << 16 | 80: [10, 580, 2], UDP << 16 | 80: [5, 290, 1]}


def test_goes_on_after_the_socket_was_full():
    assert len(list(traffic.ended(Ends(message(), OSError(105, "No buffer space available"), message())))) == 2


def test_counts_what_ends_while_it_lists_once(monkeypatch):
    listed = read(message(counts=(1, 60, 0, 0)), message(one=8, counts=(5, 500, 5, 500)))
    monkeypatch.setattr(traffic, "tracked", lambda: iter(listed))
    sums = {TCP << 16 | 80: [1, 1, 1]}
    everything = traffic.with_tracked(sums, Ends(message(counts=(2, 100, 1, 60))))
    assert sums == {TCP << 16 | 80: [4, 161, 2]}
    assert everything == {TCP << 16 | 80: [14, 1161, 3]}
