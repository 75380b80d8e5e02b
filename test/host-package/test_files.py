import pytest
from portway import files
from portway.files import exchange, forwards, read, replace


def test_exchange_swaps_two_folders(tmp_path):
    for name in ("stage", "good"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "is").write_text(name)
    exchange(str(tmp_path / "stage"), str(tmp_path / "good"))
    assert read(str(tmp_path / "good/is")) == "stage"
    assert read(str(tmp_path / "stage/is")) == "good"


def test_exchange_says_what_it_could_not_do(tmp_path):
    (tmp_path / "stage").mkdir()
    with pytest.raises(OSError, match="could not be exchanged"):
        exchange(str(tmp_path / "stage"), str(tmp_path / "good"))


def test_replace_leaves_nothing_behind(tmp_path):
    replace(str(tmp_path / "state"), "new")
    assert [path.name for path in tmp_path.iterdir()] == ["state"]
    assert read(str(tmp_path / "nothing"), "default") == "default"


def test_forwards_are_read_word_by_word(monkeypatch):
    monkeypatch.setattr(files, "read", {"/etc/portway/forwards": "web tcp/80 nginx 8080\nold tcp/81 nginx\n"}.get)
    assert forwards() == [["web", "tcp/80", "nginx", "8080"], ["old", "tcp/81", "nginx"]]
