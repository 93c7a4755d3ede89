"""superslab in gdb: what lies at an address, in a live process or in a core file, stripped or not.

    gdb -x node_modules/superslab/native/gdb/superslab.py -p PID
    gdb -x node_modules/superslab/native/gdb/superslab.py PROGRAM CORE

    superslab spaces            malloc's spaces, the regions and the windows
    superslab heaps             the heaps of all threads: their bins that hold blocks or slabs
    superslab slab ADDRESS      the slab around an address, its state and its free blocks
    superslab block ADDRESS     the space, the granule, the slab or run, and the block around an address

Nothing is called in the process. What is read while threads run may be in the middle of a change.
"""

import re
import struct

import gdb

VERSION = 2

# The numbers of the table, in the order of native/core/front/layout.h.
NAMES = """
granule_shift record_shift entry_kind_shift internal_spaces all_spaces bins bin_headed header_freed live_shift
headless_live_shift state_count state_owned state_listed state_dead state_spare state_parked state_owner_shift
registry_spaces registry_space_count registry_external_count process_classes heaps_all
class_bytes class_stride class_capacity class_granules class_first
space_base space_kind space_live space_live_ready space_entries space_entries_ready space_granules space_records
space_bytes space_granule_count space_used_granules space_dirty_granules
granule_bytes granule_length granule_dirty
slab_state slab_info slab_owner_free slab_bits
heap_top heap_bin heap_id heap_holder heap_next
bin_bytes bin_slots bin_capacity bin_left bin_ring_count
header_sampled
empty_base empty_bytes empty_pages empty_page empty_stride empty_page_blocks
""".split()

KINDS = ["headed", "headless", "external"]
NONE, SLAB, LARGE, CACHED = range(4)


def read(address, size):
    """An unsigned number."""
    memory = gdb.selected_inferior().read_memory(address, size)
    return int.from_bytes(bytes(memory), "little")


def read_signed32(address):
    return struct.unpack("<i", bytes(gdb.selected_inferior().read_memory(address, 4)))[0]


# ---- finding the copy that serves ----


class Layout:
    """The table of a copy of superslab: L.slab_state is a number, L.process an address."""

    def __init__(self, note):
        # Three words and the name, made up to a multiple of four bytes; then the table's distance.
        contents = note + 12 + (read(note, 4) + 3) // 4 * 4
        table = contents + read_signed32(contents)
        version, count = read(table, 4), read(table + 4, 4)
        if version != VERSION:
            raise gdb.GdbError(f"this script knows layout {VERSION}, the program has {version}")
        self.process, self.registry, self.heaps = (read(table + 8 * i, 8) for i in (1, 2, 3))
        for i, name in enumerate(NAMES[:count]):
            setattr(self, name, read(table + 32 + 4 * i, 4))
        # A library from before there were blocks of no bytes has none of their numbers.
        self.empty = read((table + 32 + 4 * count + 7) // 8 * 8, 8) if hasattr(self, "empty_base") else None


def find_layout():
    """Of the copy that serves: a process may have several, and all use one."""
    files = gdb.execute("info files", to_string=True)
    notes = re.findall(r"(0x[0-9a-f]+) - 0x[0-9a-f]+ is \.note\.superslab\.layout\b", files)
    for note in sorted(set(notes)):
        layout = Layout(int(note, 16))
        if read(layout.registry + layout.registry_space_count, 4) != 0:
            return layout
    raise gdb.GdbError("superslab is loaded, but serves nothing here" if notes else "superslab is not in this process")


# ---- what there is ----


class Class:
    def __init__(self, layout, bin):
        at = layout.process + layout.process_classes + bin * layout.class_bytes
        self.stride = read(at + layout.class_stride, 4)
        self.capacity = read(at + layout.class_capacity, 2)
        self.granules = read(at + layout.class_granules, 1)
        self.first = read(at + layout.class_first, 1)


class Slab:
    def __init__(self, layout, space, record):
        self.layout, self.space, self.id = layout, space, record
        self.record = space.records - (record << layout.record_shift)
        self.state = read(self.record + layout.slab_state, 8)
        info = read(self.record + layout.slab_info, 8)
        self.granule, self.bin = info & 0xFFFFFFFF, info >> 32 & 0xFF
        self.of = Class(layout, self.bin)
        self.own = read(self.record + layout.slab_owner_free, 4)
        self.start = space.address(self.granule)
        self.base = self.start + self.of.first

    def flags(self):
        names = ["owned", "listed", "dead", "spare", "parked"]
        return [name for name in names if self.state & getattr(self.layout, f"state_{name}")]

    def count(self):
        return self.state & self.layout.state_count

    def owner(self):
        return self.state >> self.layout.state_owner_shift

    def is_free(self, index):
        words = (self.of.capacity + 63) // 64
        given = self.record + self.layout.slab_bits + index // 64 * 8
        return ((read(given, 8) | read(given + words * 8, 8)) >> index % 64) & 1 == 1

    def index(self, address):
        """Of the block around an address, or None before the first and in the tail."""
        index = (address - self.base) // self.of.stride
        return index if address >= self.base and index < self.of.capacity else None


class Space:
    def __init__(self, layout, place, at):
        self.layout, self.place, self.at = layout, place, at
        self.base = self.field("base", 8)
        self.kind = KINDS[self.field("kind", 4)]
        self.live, self.entries = self.field("live", 8), self.field("entries", 8)
        self.granules, self.records = self.field("granules", 8), self.field("records", 8)
        self.bytes, self.count = self.field("bytes", 8), self.field("granule_count", 4)

    def field(self, name, size):
        return read(self.at + getattr(self.layout, f"space_{name}"), size)

    def address(self, granule):
        return self.base + (granule << self.layout.granule_shift)

    def granule_of(self, address):
        return (address - self.base) >> self.layout.granule_shift

    def entry(self, granule):
        """Kind and value."""
        if (granule + 1) * 4 > self.field("entries_ready", 8):
            return NONE, 0
        entry = read(self.entries + 4 * granule, 4)
        shift = self.layout.entry_kind_shift
        return entry >> shift, entry & ((1 << shift) - 1)

    def length(self, granule):
        return read(self.granules + granule * self.layout.granule_bytes + self.layout.granule_length, 4)

    def run(self, granule):
        """First granule, length and dirty granules of the free run around a granule, or None."""
        for first in range(granule, -1, -1):
            length = self.length(first)
            if length == 0:
                continue
            if first + length > granule and self.length(first + length - 1) == length:
                return self.described(first, length)
            first -= length - 1  # the end of a run
            return self.described(first, length) if first + length > granule else None
        return None

    def described(self, first, length):
        at = self.granules + first * self.layout.granule_bytes
        return first, length, read(at + self.layout.granule_dirty, 4)

    def live_byte(self, block):
        """What the table of a headless space or a window says, or None where there is none."""
        if self.live == 0 or self.kind == "headed":
            return None
        own = self.kind == "headless"
        shift = self.layout.headless_live_shift if own else self.layout.live_shift
        at = (block - self.base) >> shift
        return read(self.live + at, 1) if not own or at < self.field("live_ready", 8) else 0

    def name(self):
        kind = self.kind
        if kind == "external":
            kind = "region" if self.live == 0 else "window"
        return f"space {self.place}: {kind}, {self.base:#x} to {self.base + self.bytes:#x}"


class Bin:
    def __init__(self, layout, heap, tops, number):
        at = heap.at + layout.heap_bin + number * layout.bin_bytes
        self.number, self.slots = number, read(at + layout.bin_slots, 8)
        self.capacity, self.slabs = read(at + layout.bin_capacity, 2), read(at + layout.bin_ring_count, 4)
        self.count = read(at + layout.bin_left, 2)
        if tops != 0:
            self.count = (read(tops + 8 * number, 8) - self.slots) // 8

    def blocks(self):
        """The newest last."""
        return [read(self.slots + 8 * (i + 1), 8) for i in range(self.count)]


class Heap:
    def __init__(self, layout, at):
        self.layout, self.at = layout, at
        self.id, self.holder = read(at + layout.heap_id, 4), read(at + layout.heap_holder, 8)
        self.tops = read(at + layout.heap_top, 8)

    def bin(self, number):
        return Bin(self.layout, self, self.tops, number)


def spaces(layout):
    own = read(layout.registry + layout.registry_space_count, 4)
    external = read(layout.registry + layout.registry_external_count, 4)
    first = layout.internal_spaces
    for place in [*range(own), *range(first, min(first + external, layout.all_spaces))]:
        at = read(layout.registry + layout.registry_spaces + 8 * place, 8)
        if at != 0:
            yield Space(layout, place, at)


def heaps(layout):
    at = read(layout.heaps + layout.heaps_all, 8)
    while at != 0:
        yield Heap(layout, at)
        at = read(at + layout.heap_next, 8)


def space_around(layout, address):
    for space in spaces(layout):
        if 0 <= address - space.base < space.bytes:
            return space
    raise gdb.GdbError(f"{address:#x} is in no space of superslab")


def slab_around(space, granule):
    kind, value = space.entry(granule)
    if kind != SLAB:
        return None
    slab = Slab(space.layout, space, value)
    return slab if slab.granule <= granule < slab.granule + slab.of.granules else None


# ---- what is printed ----


def print_slab(slab):
    of = slab.of
    free = sum(slab.is_free(index) for index in range(of.capacity))
    print(f"slab: {slab.start:#x}, record {slab.id} at {slab.record:#x}, granules {slab.granule} to "
          f"{slab.granule + of.granules - 1}")
    print(f"class: bin {slab.bin}, stride {of.stride}, {of.capacity} blocks from {slab.base:#x}")
    flags = " ".join(slab.flags()) or "full"
    print(f"state: {slab.state:#x}: count {slab.count()}, {flags}, owner {slab.owner()}")
    print(f"free: {free} blocks by the bits, {slab.own} of them the owner's")


def bins_with(layout, block, number):
    """Heap and bin that hold the block."""
    for heap in heaps(layout):
        bin = heap.bin(number)
        if block in bin.blocks():
            yield heap, bin


def state_in_slab(slab, block, index, cached):
    space, layout = slab.space, slab.layout
    live = space.live_byte(block)
    if live is not None and live != 0:
        return "live"
    if slab.is_free(index):
        return "free"
    if cached or (live is not None):
        return "cached"
    if space.kind == "headed":
        header = read(block - 1, 1)
        if header in (layout.header_freed, 0):
            return "cached"
        if header == layout.header_sampled:
            return "live, sampled for a profile"
        if header == slab.bin:
            return "live"
        return f"live, but its header is {header:#x}"
    return "live"


def print_block_in_slab(slab, address):
    index = slab.index(address)
    if index is None:
        print("block: none, before the first or in the tail of the slab")
        return
    block = slab.base + index * slab.of.stride
    cached = list(bins_with(slab.layout, block, slab.bin))
    state = state_in_slab(slab, block, index, cached)
    usable = slab.of.stride - (slab.space.kind == "headed")
    print(f"block: {block:#x} + {address - block}, {state}, usable {usable}, index {index}")
    for heap, bin in cached:
        print(f"bin: {bin.number} of heap {heap.id}, {bin.count} of {bin.capacity} blocks")


def large_around(space, granule):
    """First granule, kind and length of the large block around a granule, or None."""
    for first in range(granule, -1, -1):
        kind, value = space.entry(first)
        if kind == SLAB:
            return None
        if kind in (LARGE, CACHED) and value != 0:
            return (first, kind, value) if first + value > granule else None
    return None


def print_empty(layout, address):
    """True if the address lies among the blocks of no bytes."""
    if layout.empty is None:
        return False
    base, size = (read(layout.empty + at, 8) for at in (layout.empty_base, layout.empty_bytes))
    if not 0 <= address - base < size:
        return False
    index = (address - base) // layout.empty_stride
    page, bit = divmod(index, layout.empty_page_blocks)
    live = False
    if page < read(layout.empty + layout.empty_pages, 4):
        bits = read(layout.empty + layout.empty_page + 8 * page, 8)
        live = read(bits + bit // 8, 1) >> bit % 8 & 1
    print(f"blocks of no bytes: {base:#x} to {base + size:#x}, no access")
    block = base + index * layout.empty_stride
    print(f"block: {block:#x} + {address - block}, {'live' if live else 'not live'}, of no bytes")
    return True


def print_block(layout, address):
    if print_empty(layout, address):
        return
    space = space_around(layout, address)
    granule = space.granule_of(address)
    kind, value = space.entry(granule)
    print(space.name())
    print(f"granule: {granule}, entry {['none', 'slab', 'large', 'cached'][kind]} {value}")
    slab = slab_around(space, granule)
    if slab is not None:
        print_slab(slab)
        print_block_in_slab(slab, address)
        return
    run = space.run(granule) if granule < space.count else None
    if run is not None:
        print(f"run: free, granules {run[0]} to {run[0] + run[1] - 1}, {run[2]} dirty")
        return
    large = large_around(space, granule)
    if large is None:
        print("block: none")
        return
    first, kind, length = large
    state = "cached" if kind == CACHED else "live"
    block, usable = space.address(first), length << layout.granule_shift
    print(f"block: {block:#x} + {address - block}, {state}, large, usable {usable}, granules {first} to "
          f"{first + length - 1}")


# ---- commands ----


class Superslab(gdb.Command):
    """Reads superslab's state: superslab spaces, heaps, slab ADDRESS, block ADDRESS."""

    def __init__(self):
        super().__init__("superslab", gdb.COMMAND_DATA, prefix=True)


class Spaces(gdb.Command):
    """superslab spaces: malloc's spaces, the regions and the windows."""

    def __init__(self):
        super().__init__("superslab spaces", gdb.COMMAND_DATA)

    def invoke(self, argument, from_tty):
        for space in spaces(find_layout()):
            used, dirty = space.field("used_granules", 8), space.field("dirty_granules", 8)
            print(f"{space.name()}; granules: {space.count} usable, {used} used, {dirty} dirty")


class Heaps(gdb.Command):
    """superslab heaps: the heaps of all threads, and their bins that hold blocks or slabs."""

    def __init__(self):
        super().__init__("superslab heaps", gdb.COMMAND_DATA)

    def invoke(self, argument, from_tty):
        layout = find_layout()
        for heap in heaps(layout):
            thread = f"thread {heap.holder:#x}" if heap.holder != 0 else "no thread"
            print(f"heap {heap.id} at {heap.at:#x}: {thread}")
            for number in range(layout.bins):
                bin = heap.bin(number)
                if bin.count == 0 and bin.slabs == 0:
                    continue
                stride = Class(layout, number).stride
                print(f"  bin {number}: stride {stride}, {bin.count} of {bin.capacity} blocks, {bin.slabs} slabs")


class SlabCommand(gdb.Command):
    """superslab slab ADDRESS: the slab around an address, its state and its free blocks."""

    def __init__(self):
        super().__init__("superslab slab", gdb.COMMAND_DATA)

    def invoke(self, argument, from_tty):
        address = int(gdb.parse_and_eval(argument))
        space = space_around(find_layout(), address)
        slab = slab_around(space, space.granule_of(address))
        if slab is None:
            raise gdb.GdbError(f"{address:#x} is in no slab")
        print(space.name())
        print_slab(slab)


class BlockCommand(gdb.Command):
    """superslab block ADDRESS: the space, the granule, the slab or run, and the block around an address."""

    def __init__(self):
        super().__init__("superslab block", gdb.COMMAND_DATA)

    def invoke(self, argument, from_tty):
        print_block(find_layout(), int(gdb.parse_and_eval(argument)))


Superslab()
Spaces()
Heaps()
SlabCommand()
BlockCommand()
