import os
import stat

import pytest
from portway import place


@pytest.fixture
def tree(tmp_path):
    """A tree whose files belong below `host`, and the list of them."""
    root = f"{tmp_path}/host"

    def make(files):
        for path, text in files.items():
            file = tmp_path / f"tree{root}{path}"
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text)
            file.chmod(0o640)
        (tmp_path / "list").write_text("".join(f"{root}{path}\n" for path in files))

    return make, root


def placed(tmp_path, capsys):
    place.main([f"{tmp_path}/tree", f"{tmp_path}/list"])
    return [path.removeprefix(f"{tmp_path}/host") for path in capsys.readouterr().out.split()]


def test_writes_what_differs_and_names_it(tree, tmp_path, capsys):
    make, root = tree
    make({"/etc/a/one": "1", "/etc/two": "2", "/empty": ""})
    assert placed(tmp_path, capsys) == ["/etc/a/one", "/etc/two", "/empty"]
    assert placed(tmp_path, capsys) == []
    make({"/etc/a/one": "1", "/etc/two": "3", "/empty": ""})
    before = os.stat(f"{root}/etc/two").st_ino
    assert placed(tmp_path, capsys) == ["/etc/two"]
    # A new file under the name, so that nobody reads half of it.
    assert os.stat(f"{root}/etc/two").st_ino != before
    assert stat.S_IMODE(os.stat(f"{root}/etc/two").st_mode) == 0o640
    assert sorted(os.listdir(root)) == ["empty", "etc"]


def test_leaves_files_alone_that_the_tree_does_not_have(tree, tmp_path, capsys):
    make, root = tree
    make({"/one": "1"})
    (tmp_path / "list").write_text(f"{root}/one\n{root}/obsolete\n")
    os.makedirs(root)
    (tmp_path / "host/obsolete").write_text("others")
    assert placed(tmp_path, capsys) == ["/one"]
    assert (tmp_path / "host/obsolete").read_text() == "others"


def test_takes_the_place_of_a_folder_and_of_a_link(tree, tmp_path, capsys):
    make, root = tree
    make({"/one": "1", "/two": "2"})
    os.makedirs(f"{root}/one/folder")
    os.symlink("/dev/null", f"{root}/two")
    assert placed(tmp_path, capsys) == ["/one", "/two"]
    assert not os.path.islink(f"{root}/two")
    assert (tmp_path / "host/two").read_text() == "2"


def test_a_secret_is_never_readable_for_others(tree, tmp_path, monkeypatch):
    make, root = tree
    make({"/one": "1"})
    modes = []
    monkeypatch.setattr(place.os, "chmod", lambda path, mode: modes.append(stat.S_IMODE(os.stat(path).st_mode)))
    place.main([f"{tmp_path}/tree", f"{tmp_path}/list"])
    assert modes == [0o600]
