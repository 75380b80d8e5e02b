import subprocess

import pytest
from portway import flows

LINKS = """\
1: lo: <LOOPBACK,UP,LOWER_UP> mtu 65536 qdisc noqueue state UNKNOWN mode DEFAULT group default qlen 1000\\    link/loopback
2: ens5: <BROADCAST,MULTICAST,UP,LOWER_UP> mtu 9001 qdisc mq state UP mode DEFAULT group default qlen 1000\\    link/ether
3: docker0: <NO-CARRIER,BROADCAST,MULTICAST,UP> mtu 1500 qdisc noqueue state DOWN mode DEFAULT group default \\    link/ether
5: veth7ac3@if4: <BROADCAST,MULTICAST,UP,LOWER_UP> mtu 1500 qdisc noqueue master docker0 state UP mode DEFAULT\\    link/ether
6: wg0: <POINTOPOINT,NOARP,UP,LOWER_UP> mtu 1420 qdisc noqueue state UNKNOWN mode DEFAULT group default qlen 1000\\    link/none
7: ens5.12@ens5: <BROADCAST,MULTICAST> mtu 9001 qdisc noop state DOWN mode DEFAULT group default qlen 1000\\    link/ether
"""
LISTED = """\
table inet portway_flows {
	flowtable fast {
		hook ingress priority filter
		devices = { ens5, docker0, "wg0" }
		counter
	}
}
"""


class Host:
    """Answers the programs that are run, and keeps what nft was given."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, **answers: str):
        self.answers = {"ip": LINKS, "nft": "", "modprobe": "", "conntrack": "", **answers}
        self.fails: dict[str, str] = {}
        self.loaded: list[str] = []
        monkeypatch.setattr(flows, "run", self.run)

    def run(self, *words: str, text: str = "") -> "subprocess.CompletedProcess[str]":
        if words[:2] == ("nft", "-f"):
            self.loaded.append(text)
        error = self.fails.get(" ".join(words[:2]), self.fails.get(words[0], ""))
        return subprocess.CompletedProcess(words, 1 if error else 0, self.answers[words[0]], error)


def test_takes_all_devices_but_loopback_and_the_ports_of_bridges(monkeypatch):
    Host(monkeypatch)
    assert flows.devices() == ["ens5", "docker0", "wg0", "ens5.12"]


def test_loads_the_table_with_its_devices_in_one_transaction(monkeypatch):
    host = Host(monkeypatch)
    assert flows.load("table inet portway_flows {}\n") == ""
    (text,) = host.loaded
    assert text.startswith("table inet portway_flows {}\nadd flowtable inet portway_flows fast {")
    assert 'devices = { "ens5", "docker0", "wg0", "ens5.12" }; counter;' in text


def test_tries_again_since_a_device_may_have_vanished_and_says_why_it_failed(monkeypatch):
    host = Host(monkeypatch)
    host.fails = {"nft": "Error: Could not process rule:\n  No such file or directory"}
    assert flows.load("") == "Error: Could not process rule: No such file or directory"
    assert len(host.loaded) == 3


def test_names_the_modules_that_a_kernel_lacks(monkeypatch):
    host = Host(monkeypatch)
    host.fails = {"nft": "Error: Operation not supported", "modprobe": "not found"}
    assert flows.load("").endswith(": nf_flow_table_inet nft_flow_offload")
    assert flows.load("").startswith("not in kernel ")


@pytest.mark.parametrize("words", [["device"], ["devices", "ens5"]])
def test_refuses_what_it_does_not_know(words):
    with pytest.raises(SystemExit, match="usage: portway flows"):
        flows.main(words)


def test_adds_devices_without_loading_the_table_again(monkeypatch, tmp_path):
    host = Host(monkeypatch, nft=LISTED)
    monkeypatch.setattr(flows, "TABLE", str(tmp_path / "flows.nft"))
    monkeypatch.setattr(flows, "WHY", str(tmp_path / "why"))
    (tmp_path / "flows.nft").write_text("the table\n")
    flows.main(["devices"])
    assert [text.startswith("add flowtable") for text in host.loaded] == [True]
    host.answers["nft"] = ""
    flows.main(["devices"])
    assert host.loaded[-1].startswith("the table\nadd flowtable")


def test_keeps_the_reason_of_a_failure_for_status(monkeypatch, tmp_path):
    host = Host(monkeypatch)
    monkeypatch.setattr(flows, "WHY", str(tmp_path / "why"))
    host.fails = {"nft": "Error: no"}
    with pytest.raises(SystemExit, match="Error: no"):
        flows.main([])
    assert flows.collect() == ["no flow is carried past the rules: Error: no"]
    host.fails = {}
    flows.main([])
    assert flows.collect() == ["no flow is carried past the rules: the flow table was removed (portway flows)"]


def test_tells_of_devices_that_are_not_in_the_table(monkeypatch):
    host = Host(monkeypatch, nft=LISTED)
    assert flows.collect() == ["the flow table lacks ens5.12: portway flows"]
    host.answers["ip"] = LINKS.partition("7: ")[0]
    assert flows.collect() == []


def test_counts_what_the_kernel_carries(monkeypatch, capsys):
    entry = "tcp      6 src=198.51.100.10 dst=198.51.100.1 sport=5 dport=80 src=10.0.1.10 dst=10.0.1.1 sport=80 dport=5"
    Host(monkeypatch, conntrack=f"{entry} [OFFLOAD] mark=0 use=2\n{entry} [ASSURED] mark=0 use=1\n")
    # The same answer for both IP versions.
    assert flows.count() == 2
    flows.main(["count"])
    assert capsys.readouterr().out == "2\n"
