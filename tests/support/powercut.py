"""What a power cut could leave of a folder, made of a log of calls (tests/threat/disklog.c).

A call is done when it returned, and durable only when a sync says so: fdatasync or fsync of a file for its bytes and its length, fsync
of a folder for the names in it. Of everything else a cut leaves any subset: each name that was made, renamed or removed, each 512-byte
sector in any state that it had since the last sync, zeros where none was ever written, and any length in between. That is more than
what ext4 does, and what POSIX allows.
"""
import json
import os

SECTOR = 512


class File:
    def __init__(self):
        self.states = [b""]  # the durable one, and each since then

    @property
    def now(self):
        return self.states[-1]

    def change(self, data):
        self.states.append(data)

    def write(self, at, data):
        now = self.now.ljust(at, b"\0")
        self.change(now[:at] + data + now[at + len(data):])

    def cut(self, length):
        self.change(self.now[:length].ljust(length, b"\0"))

    def sync(self):
        del self.states[:-1]

    def open_sectors(self):
        """Those that are not the same in every state."""
        end = max(map(len, self.states))
        return [at for at in range(0, end, SECTOR)
                if len({state[at:at + SECTOR].ljust(SECTOR, b"\0") for state in self.states}) > 1]

    def left(self, length, state_of):
        """Of this length, each sector as in the state that is chosen for it."""
        whole = bytearray(self.now.ljust(length, b"\0")[:length])
        for at in self.open_sectors():
            piece = self.states[state_of(at)][at:at + SECTOR].ljust(SECTOR, b"\0")
            whole[at:at + SECTOR] = piece[:max(0, length - at)]
        return bytes(whole)


class Disk:
    """The folder after some calls of the log."""

    def __init__(self, folder):
        self.folder = folder
        self.is_made = self.is_kept = False  # the folder itself; its name in the one above
        self.names = {}                      # durable: name -> File
        self.open_names = []                 # since the last sync: (name, File or None)
        self.inodes = {}

    def name_of(self, path):
        return path[len(self.folder) + 1:]

    def current(self):
        names = dict(self.names)
        for name, file in self.open_names:
            names[name] = file
        return names

    def file(self, inode):
        return self.inodes.setdefault(inode, File())

    def take(self, call, inode, path, number, data):
        if call == "mkdir" and path == self.folder:
            self.is_made = True
        elif call == "create":
            self.inodes[inode] = File()
            self.open_names.append((self.name_of(path), self.inodes[inode]))
        elif call == "write":
            self.file(inode).write(number, data)
        elif call == "cut":
            self.file(inode).cut(number)
        elif call == "rename":
            file = self.current()[self.name_of(path)]
            self.open_names += [(self.name_of(path), None), (self.name_of(data.decode()), file)]
        elif call == "unlink":
            self.open_names.append((self.name_of(path), None))
        elif call == "sync" and path == self.folder:
            self.names = {n: f for n, f in self.current().items() if f}
            self.open_names = []
        elif call == "sync" and path == os.path.dirname(self.folder):
            self.is_kept = self.is_made
        elif call == "sync":
            self.file(inode).sync()

    def image(self, is_kept, name_stays, length_of, state_of):
        """{name: bytes}, or None when the folder itself is gone."""
        if not (self.is_kept or is_kept):
            return None
        names = dict(self.names)
        for number, (name, file) in enumerate(self.open_names):
            if name_stays(number):
                names[name] = file
        return {name: file.left(length_of(file), lambda at, file=file: state_of(file, at))
                for name, file in names.items() if file and name != "lock"}

    def images(self, dice, some):
        """The far ends, each sector alone, and some of the rest."""
        every, none, newest, oldest = (lambda _: True), (lambda _: False), (lambda f: len(f.now)), (lambda f: len(f.states[0]))
        last, first = (lambda f, _: len(f.states) - 1), (lambda *_: 0)
        yield self.image(True, every, newest, last)
        yield self.image(False, none, oldest, first)
        yield self.image(True, every, newest, first)  # the length without the bytes
        yield self.image(True, every, oldest, last)
        yield self.image(True, none, newest, last)
        for changed in (f for f in self.inodes.values() if len(f.states) > 1):
            for sector in changed.open_sectors()[:some]:
                yield self.image(True, every, newest, lambda f, at, sector=sector: 0 if at == sector else len(f.states) - 1)
                yield self.image(True, every, newest, lambda f, at, sector=sector: len(f.states) - 1 if at == sector else 0)
        for _ in range(some if self.open_names or any(len(f.states) > 1 for f in self.inodes.values()) else 0):
            yield self.image(dice.random() < 0.5, lambda _: dice.random() < 0.5,
                             lambda f: dice.randint(min(map(len, f.states)), max(map(len, f.states))),
                             lambda f, _: dice.randrange(len(f.states)))


def read_log(path):
    """(call, inode, path, number, bytes) of each line."""
    calls = []
    with open(path) as f:
        for line in f:
            call, inode, name, number, data = line.rstrip("\n").split("\t")
            calls.append((call, int(inode), name, int(number), b"" if data == "-" else bytes.fromhex(data)))
    return calls


def moments(calls, folder):
    """After each call of the disk: it, and all that was sent until the next one, which must outlive a cut before that."""
    disk, sent = Disk(folder), []
    before = "nothing"
    for call in calls:
        if call[0] == "send":
            sent.append(call[4])
            continue
        if before != "nothing":
            yield before, disk, sent
        disk.take(*call)
        before = f"{call[0]} {os.path.basename(call[2])}"
    yield before, disk, sent


def frames_in(data):
    """The JSON objects of checkrein.v1 and of answers to hooks in what was sent."""
    text, at, decoder = data.decode("utf-8", "replace"), 0, json.JSONDecoder()
    while (at := text.find("{", at)) >= 0:
        try:
            frame, at = decoder.raw_decode(text, at)
            yield frame
        except json.JSONDecodeError:
            at += 1
