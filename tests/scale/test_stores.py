"""Stores of every kind of place: whole or absent, shared by many writers, checked, held to a size; a failing one costs nothing."""

from __future__ import annotations

import errno
import os
import sys
import time

import pytest
from causal_claims.cli import main
from causal_claims.engine.places import Folder, Objects
from causal_claims.engine.store import Address, Entry, Store


def address(i):
    return Address.of({"cell": i})


def filled(where, count=10, size=50):
    store = Store(where)
    for i in range(count):
        store.save(
            address(i),
            Entry(
                {f"e{k}": i + k / 7 for k in range(size)},
                {"fired": i},
                {"model": "toy", "metric": f"x{i % 2}", "condition": "baseline"},
            ),
        )
    return store


@pytest.fixture(params=["folder", "local", "memory"])
def where(request, tmp_path):
    url = {"local": f"local://{tmp_path}/s", "memory": f"memory://{request.node.name}{tmp_path.name}"}
    return url.get(request.param, tmp_path / "s")


def test_what_is_saved_is_loaded_by_another_store_of_the_same_place(where):
    filled(where)
    again = Store(where)

    assert [again.load(address(i)).values["e3"] for i in range(10)] == [i + 3 / 7 for i in range(10)]
    assert again.load(address(99)) is None
    assert len(list(again)) == 10
    assert again.sentences == []


def test_parts_of_a_cell_are_kept_until_it_is_finished(where):
    store = Store(where)
    store.save_part(address(0), Entry({"a": 1.0}, {}))
    store.save_part(address(0), Entry({"b": 2.0}, {}))

    assert sorted(next(iter(one.values)) for one in Store(where).parts(address(0))) == ["a", "b"]
    store.save(address(0), Entry({"a": 1.0, "b": 2.0}, {}))
    assert Store(where).parts(address(0)) == []


def test_a_flipped_byte_anywhere_is_found_and_said(where):
    store = filled(where, count=1, size=5)
    (name,) = store
    whole = store.place.read(name)
    for at in range(len(whole)):
        store.place.write(name, whole[:at] + bytes([whole[at] ^ 4]) + whole[at + 1 :])
        now = Store(where)
        assert now.load(address(0)) is None, at
        assert "1 damaged file" in now.sentences[0]
    for length in range(len(whole)):
        store.place.write(name, whole[:length])
        assert Store(where).load(address(0)) is None, length


def test_pruning_takes_what_was_used_longest_ago_and_nothing_else(tmp_path):
    store = filled(tmp_path)
    other = tmp_path / "suppressor-in_place-gpt2-0123" / "model.safetensors"
    other.parent.mkdir()
    other.write_bytes(b"x" * 10**6)
    for i, name in enumerate(store):
        os.utime(tmp_path / name, (1000 + i, 1000 + i))
    names = list(store)
    oldest = next(i for i in range(10) if names[0].endswith(f"{address(i).digest}.json"))
    assert store.load(address(oldest)) is not None  # used now, so no longer the oldest
    size = sum(one.size for one in store.kept())
    count, freed = store.prune(size // 2)

    assert 4 <= count <= 6
    assert freed >= size // 2 - 1
    assert Store(tmp_path).load(address(oldest)) is not None
    assert names[1] not in list(store)
    assert other.is_file()


def test_what_a_killed_writer_left_is_swept_and_what_a_live_one_writes_is_not(tmp_path):
    store = filled(tmp_path, count=1)
    folder = tmp_path / next(iter(store)).partition("/")[0]
    dead, live = folder / ".dead.json.1.ab", folder / ".live.json.2.cd"
    dead.write_bytes(b"half")
    live.write_bytes(b"half")
    os.utime(dead, (1, 1))
    store.prune(sum(one.size for one in store.kept()) - 1)

    assert not dead.exists()
    assert live.exists()


_WRITER = """
import sys, time
from causal_claims.engine.store import Address, Entry, Store
where, seed = sys.argv[1], int(sys.argv[2])
store = Store(where)
wrong = 0
for turn in range(60):
    i = (turn * 7 + seed) % 12
    store.save_part(Address.of({"cell": i}), Entry({f"p{seed}": float(i)}, {}))
    store.save(Address.of({"cell": i}), Entry({f"e{k}": i + k / 7 for k in range(400)}, {}))
    found = store.load(Address.of({"cell": (i * 5) % 12}))
    wrong += found is not None and found.values["e399"] != (i * 5) % 12 + 399 / 7
    if turn % 20 == 19:
        store.prune(40_000)
print(wrong, len(store.damaged), store.trouble)
"""


@pytest.mark.parametrize("scheme", ["", "local://"])
def test_many_writers_and_pruners_at_once_never_show_a_reader_a_wrong_number(tmp_path, scheme):
    import subprocess

    place = f"{scheme}{tmp_path}/shared"
    running = [
        subprocess.Popen([sys.executable, "-c", _WRITER, place, str(i)], stdout=subprocess.PIPE, text=True)
        for i in range(4)
    ]
    said = [one.communicate(timeout=100)[0].split() for one in running]

    assert [one[0] for one in said] == ["0"] * 4
    assert [one[2] for one in said] == ["None"] * 4
    if not scheme:
        # a rename shows all or nothing; a plain local file may be seen half written, and is then measured again
        assert [one[1] for one in said] == ["0"] * 4


@pytest.mark.parametrize("code", [errno.ENOSPC, errno.ESTALE, errno.EIO, errno.EACCES])
def test_a_place_that_fails_is_given_up_with_one_sentence(tmp_path, monkeypatch, code):
    store = Store(tmp_path)
    calls = []

    def fail(self, name, content):
        calls.append(name)
        raise OSError(code, os.strerror(code))

    monkeypatch.setattr(Folder, "write", fail)
    for i in range(3):
        store.save(address(i), Entry({"a": 1.0}, {}))

    assert len(calls) == 1
    assert len(store.sentences) == 1
    assert os.strerror(code) in store.trouble
    assert "--claims-cache=off" in store.trouble


def test_a_folder_that_is_gone_when_it_is_read_counts_as_empty(tmp_path):
    (tmp_path / "s").write_text("a file where the folder should be")
    store = Store(tmp_path / "s")

    assert store.load(address(0)) is None
    assert "cannot be read" in store.trouble


def test_an_object_store_whose_client_raises_its_own_kinds_is_given_up_too(monkeypatch):
    class DeniedError(Exception):
        pass

    store = Store("memory://denied")
    monkeypatch.setattr(store.place.files, "pipe_file", lambda *_: (_ for _ in ()).throw(DeniedError("no such bucket")))
    store.save(address(0), Entry({"a": 1.0}, {}))

    assert "DeniedError: no such bucket" in store.trouble


def test_an_unknown_kind_of_place_is_a_sentence():
    from causal_claims.errors import ClaimsError

    with pytest.raises(ClaimsError, match="nosuch"):
        Objects("nosuch://bucket/x")


# --- the command


def test_the_command_lists_verifies_and_prunes(tmp_path, capsys):
    store = filled(tmp_path)
    names = list(store)
    assert main(["cache", "list", "--cache", str(tmp_path)]) == 0
    assert "toy x0" in capsys.readouterr().out
    assert main(["cache", "verify", "--cache", str(tmp_path)]) == 0
    (tmp_path / names[0]).write_bytes(b"rubbish")
    assert main(["cache", "verify", "--cache", str(tmp_path)]) == 1
    assert f"damaged: {names[0]}" in capsys.readouterr().out
    assert main(["cache", "verify", "--remove", "--cache", str(tmp_path)]) == 0
    assert len(list(store)) == 9
    assert main(["cache", "prune", "--to", "2KB", "--cache", str(tmp_path)]) == 0
    assert sum(one.size for one in store.kept()) <= 2000
    assert main(["cache", "prune", "--to", "much", "--cache", str(tmp_path)]) == 4
    assert main(["cache", "list", "--cache", str(tmp_path / "none")]) == 4


def test_a_store_is_used_up_to_its_age(tmp_path):
    filled(tmp_path, count=2)
    assert time.time() - min(one.used for one in Store(tmp_path).kept()) < 60
