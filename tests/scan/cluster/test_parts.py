"""Photographs in parts, and their names."""

from dataclasses import replace

from hypothesis import given, strategies as st

from blurdct.scan.cluster.parts import (
    CARRIED,
    FEWEST,
    GROW,
    MOST,
    USUAL,
    as_bytes,
    capacity,
    from_bytes,
    in_parts,
    number_of,
)
from blurdct.scan.items import Item


def items(count, size=1000):
    return [Item(f"{number}.jpg", "", size, 1.0) for number in range(count)]


def test_parts_grow_with_the_collection_and_no_further_than_the_largest():
    sizes = [capacity(number) for number in range(200)]
    assert sizes[0] == FEWEST and sizes[GROW - 1 : GROW + 1] == [FEWEST, 2 * FEWEST]
    assert sizes == sorted(sizes) and sizes[-1] == capacity(10**9) == MOST


def test_photographs_come_in_their_order_each_once():
    parts = list(in_parts(items(10_000)))
    assert [item.path for part in parts for item in part.items] == [
        f"{number}.jpg" for number in range(10_000)
    ]
    assert [part.number for part in parts] == list(range(len(parts)))
    assert all(len(part.items) == capacity(part.number) for part in parts[:-1])


@given(st.lists(st.one_of(st.none(), st.integers(0, 50_000_000)), max_size=600))
def test_a_part_is_full_when_its_bytes_are(sizes):
    photos = [Item(f"{number}.jpg", "", size) for number, size in enumerate(sizes)]
    for part in in_parts(photos):
        known = [USUAL if item.bytes is None else item.bytes for item in part.items]
        assert sum(known[:-1]) < FEWEST * USUAL


def test_bytes_that_come_along_make_small_parts():
    photos = [Item(f"{number}.jpg", "", 10, data=b"x" * 1_000_000) for number in range(20)]
    sizes = [len(part.items) for part in in_parts(photos)]
    assert sizes == [8, 8, 4] and CARRIED == 8_000_000


def test_a_name_is_the_same_for_the_same_photographs_alone():
    part, same = next(in_parts(items(9))), next(in_parts(items(9)))
    assert part.name == same.name and number_of(part.name) == 0
    for changed in ({"bytes": 7}, {"modified": 2.0}, {"path": "x.jpg"}, {"more": {"shelf": 1}}):
        photos = (replace(part.items[0], **changed), *part.items[1:])
        assert replace(part, items=photos).name != part.name
    assert number_of("other.parquet") == -1


def test_a_part_goes_to_another_process_and_back():
    part = next(in_parts([Item("a\udcff.jpg", "", 1, 2.0, data=b"bytes", more={"x": 1.5})]))
    assert from_bytes(as_bytes(part)) == part
