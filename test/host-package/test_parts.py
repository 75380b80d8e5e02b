import base64
import bz2
import json
import re
from pathlib import Path

import pytest
from portway import parts

VECTORS = json.loads((Path(__file__).parent / "part-text.json").read_text())
FILE = parts.File("/usr/local/lib/portway/host.sh", "0755", "#!/bin/bash\necho {{ ä }}\n")


def pointer_of(found, **about):
    """`found` holds parts by name, those of a file in order."""
    files = {}
    for name, value in found.items():
        files.setdefault(re.sub(r"\.\d+$", "", name), []).append(value)
    lines = "\n".join(
        f"{parts.digest(''.join(values))[:32]} {len(values)} {name}" for name, values in sorted(files.items())
    )
    head = {
        "content": parts.digest(lines),
        "live": "GatewayLive0123456789abcdef",
        "stack": "Portway",
        "values": [],
        **about,
    }
    return json.dumps(head) + "\n" + lines


def read(found, **about):
    return parts.files_of(parts.parse_pointer(pointer_of(found, **about)), found)


def packed(*files):
    text = "\0".join("\0".join(file) for file in files)
    return base64.b85encode(bz2.compress(text.encode())).decode().replace("{", ".")


def part(number, count, lines, path="/etc/nginx/nginx.conf"):
    return f"#portway-part {number}/{count} 0644 {path}\n{lines}#portway-end"


@pytest.mark.parametrize("vector", VECTORS, ids=lambda vector: vector["encoded"])
def test_a_part_is_decoded_as_synth_encodes_it(vector):
    assert parts.decode(vector["encoded"], vector["values"]) == vector["text"]


def test_a_value_that_the_pointer_lacks_is_refused():
    with pytest.raises(parts.Altered, match="value 1 is not in the pointer"):
        parts.decode("@(1)", ["10.0.0.5"])


def test_files_are_joined_from_their_parts_by_number():
    numbered = {f"etc/nginx/nginx.conf.{n}": part(n, 11, f"line {n} @(0)\n") for n in range(1, 12)}
    assert read(numbered, values=["v"]) == [
        ("/etc/nginx/nginx.conf", "0644", "".join(f"line {n} v\n" for n in range(1, 12)))
    ]


def test_programs_are_joined_by_number():
    text = packed(*[parts.File(f"/f{n}", "0644", f"{n * 7919}" * 99) for n in range(40)])
    size = len(text) // 11 + 1
    pieces = {f"programs.{n // size + 1}": text[n : n + size] for n in range(0, len(text), size)}
    assert len(pieces) == 11
    assert [file.path for file in read(pieces)] == [f"/f{n}" for n in range(40)]


def test_programs_keep_text_and_mode():
    assert read({"programs.1": packed(FILE)}) == [FILE]


def test_parameter_store_may_have_trimmed_a_part():
    name = "etc/nginx/nginx.conf.1"
    assert (
        read({name: part(1, 1, "a\n\n") + "\n"})
        == read({name: part(1, 1, "a\n\n")})
        == [("/etc/nginx/nginx.conf", "0644", "a\n\n")]
    )


def test_a_part_that_was_edited_is_refused():
    found = {"etc/nginx/nginx.conf.1": part(1, 1, "a\n"), "programs.1": packed(FILE)}
    pointer = parts.parse_pointer(pointer_of(found))
    for name in found:
        with pytest.raises(parts.Altered, match=f"^{name[:-2]} is not what was deployed$"):
            parts.files_of(pointer, {**found, name: found[name] + " "})


def test_a_pointer_whose_list_was_edited_is_refused():
    with pytest.raises(parts.Altered, match="^the pointer is not what was deployed$"):
        parts.parse_pointer(pointer_of({"programs.1": packed(FILE)}) + " ")


@pytest.mark.parametrize("text", ["", "{}", "[]", "now", '{"content":1}\n', pointer_of({}).replace("values", "v")])
def test_what_is_no_pointer_is_refused(text):
    with pytest.raises(parts.Altered, match="^the pointer "):
        parts.parse_pointer(text)


def test_a_file_without_one_of_its_parts_is_refused():
    with pytest.raises(parts.Altered, match=r"^etc/nginx/nginx.conf.1 is not a part of it$"):
        read({"etc/nginx/nginx.conf.1": part(1, 2, "a\n")})


def test_parts_in_another_order_are_refused():
    with pytest.raises(parts.Altered, match=r"^etc/nginx/nginx.conf.1 is not a part of it$"):
        read({"etc/nginx/nginx.conf.1": part(2, 2, "b\n"), "etc/nginx/nginx.conf.2": part(1, 2, "a\n")})


@pytest.mark.parametrize("value", ["a;b", "a\nb", "{", "'", '"', "$x", "`", "#", "\\", "é"])
def test_a_value_that_could_end_its_place_in_a_file_is_refused(value):
    with pytest.raises(parts.Altered, match="a value of the pointer may not stand in a file"):
        parts.parse_pointer(pointer_of({}, values=[value]))


@pytest.mark.parametrize(
    "value",
    [
        "10.0.0.5",
        "2001:db8::1",
        "db-1.x.eu-central-1.rds.amazonaws.com",
        "arn:aws:secretsmanager:eu-central-1:1:secret:a/b_c+=.@-x",
    ],
)
def test_addresses_names_and_arns_are_taken(value):
    assert parts.parse_pointer(pointer_of({}, values=[value])).values == [value]
