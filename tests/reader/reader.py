#!/usr/bin/env python3
"""Restores a snapshot of a davault vault, from what docs/vault-format.md says and nothing else.

usage: reader.py VAULT SNAPSHOT FOLDER    (a vault in a folder; an id's beginning or `latest`; $DAVAULT_PASSPHRASE)

It checks every seal and every address, prints what the snapshot says of itself, and writes its files below FOLDER.
The sections in brackets are those of the format text.
"""

import hmac
import itertools
import json
import os
import pathlib
import struct
import sys

import zstandard
from argon2.low_level import Type, hash_secret_raw
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305


def xchacha20_poly1305(key, place, sealed):
    """Opens what was sealed for a place [§4]; InvalidTag if it was not."""
    nonce, rest = sealed[:24], sealed[24:]
    # draft-irtf-cfrg-xchacha-03 §2.2: HChaCha20 is a ChaCha20 block without the last addition, of which eight words are kept.
    block = Cipher(algorithms.ChaCha20(key, nonce[:16]), mode=None).encryptor().update(bytes(64))
    words, start = struct.unpack("<16I", block), struct.unpack("<4I", b"expand 32-byte k") + struct.unpack("<4I", nonce[:16])
    kept = zip(words[:4] + words[12:], start)
    subkey = struct.pack("<8I", *((word - first) & 0xFFFFFFFF for word, first in kept))
    return ChaCha20Poly1305(subkey).decrypt(bytes(4) + nonce[16:], rest, place)


def expand(frame, most):
    """One zstd frame that states its length [§4]."""
    if not 0 <= zstandard.frame_content_size(frame) <= most:
        raise ValueError("a frame states no length, or too much of it")
    return zstandard.ZstdDecompressor().decompress(frame)


def varints(data, at=0, most=-1):
    """So many variable-length integers of Protocol Buffers, or all that there are; and where they end."""
    values = []
    while at < len(data) and len(values) != most:
        value = shift = 0
        while data[at] >= 0x80:
            value, shift, at = value | (data[at] & 0x7F) << shift, shift + 7, at + 1
        values.append(value | data[at] << shift)
        at += 1
    return values, at


def message(data):
    """A message of Protocol Buffers: the values of each field number, in order."""
    fields, at = {}, 0
    while at < len(data):
        [tag], at = varints(data, at, 1)
        [value], at = {1: ([8], at), 5: ([4], at)}.get(tag & 7) or varints(data, at, 1)
        if tag & 7 != 0:
            value, at = data[at : at + value], at + value
        fields.setdefault(tag >> 3, []).append(value)
    return fields


def one(fields, number, otherwise):
    return fields.get(number, [otherwise])[-1]


def numbers(fields, number):
    return varints(one(fields, number, b""))[0]


def cut(data, lengths, at=0):
    ends = itertools.accumulate(lengths, initial=at)
    return [data[start:end] for start, end in itertools.pairwise(ends)]


def addresses(data):
    return cut(data, [20] * (len(data) // 20))


class Vault:
    def __init__(self, folder, passphrase):
        self.folder = pathlib.Path(folder)
        config = json.loads((self.folder / "config").read_text())
        if (config["format"], config["version"]) != ("davault", 1):
            sys.exit("this is no vault that is understood here")
        self.id = bytes.fromhex(config["id"])
        master = self.master(passphrase)
        uses = ("address", "config", "pack", "index", "snapshot")
        self.keys = {use: hmac.digest(master, b"davault 1 " + use.encode(), "sha256") for use in uses}
        said = "".join(f"{config[name]}\n" for name in ("format", "version", "id", "created"))
        if hmac.digest(self.keys["config"], said.encode(), "sha256").hex() != config["mac"]:
            sys.exit("the configuration was changed")
        self.objects, self.blocks = self.index(), {}

    def master(self, passphrase):
        """The master key from the first slot that opens [§3]."""
        for path in sorted((self.folder / "keys").iterdir()):
            slot = json.loads(path.read_text())
            if (slot["vault"], slot["kind"], slot["function"]) != (self.id.hex(), "passphrase", "argon2id"):
                continue
            cost = dict(time_cost=slot["passes"], memory_cost=slot["memory_kib"], parallelism=slot["lanes"])
            key = hash_secret_raw(passphrase, bytes.fromhex(slot["salt"]), **cost, hash_len=32, type=Type.ID, version=0x13)
            names = ("kind", "function", "memory_kib", "passes", "lanes", "salt", "created", "label")
            place = "\n".join(["davault key", slot["vault"], path.name, *(str(slot[name]) for name in names), ""])
            try:
                return xchacha20_poly1305(key, place.encode(), bytes.fromhex(slot["sealed"]))
            except InvalidTag:
                continue
        sys.exit("the passphrase opens no slot")

    def opened(self, use, place, sealed, most):
        """What was sealed for a place, and compressed [§4]."""
        place = f"davault {use}".encode() + self.id + place
        return expand(xchacha20_poly1305(self.keys[use], place, sealed), most)

    def index(self):
        """Where each object lies [§6]: pack, number of the block in it, its kind, offset and length; number in the block."""

        def part(name, number, sealed):
            level_and_id = bytes.fromhex("0" + name.replace("-", ""))
            return message(self.opened("index", level_and_id + struct.pack("<I", number), sealed, 64 << 20))

        files, objects = {}, {}
        for path in (self.folder / "index").iterdir():
            data = path.read_bytes()
            [length] = struct.unpack("<I", data[-4:])
            files[path.name] = data, part(path.name, 0xFFFFFFFF, data[-4 - length : -4])
        replaced = {id.hex() for _, directory in files.values() for id in directory.get(6, [])}
        for name, (data, directory) in files.items():
            if name.split("-")[1] in replaced:
                continue
            of_blocks, of_objects = numbers(directory, 3), numbers(directory, 4)
            chunks = [part(name, *chunk) for chunk in enumerate(cut(data, of_blocks + of_objects, 8))]
            packs = [(pack[1][0], number) for pack in map(message, directory.get(1, [])) for number in range(one(pack, 3, 0))]
            places = [place for chunk in chunks[: len(of_blocks)] for place in zip(*(numbers(chunk, field) for field in (1, 2, 3)))]
            blocks = [(*pack, *place) for pack, place in zip(packs, places, strict=True)]
            for chunk in chunks[len(of_blocks) :]:
                found = zip(addresses(chunk[1][0]), numbers(chunk, 2), numbers(chunk, 3), strict=True)
                objects |= {address: (blocks[block], number) for address, block, number in found}
        return objects

    def block(self, pack, number, kind, at, length):
        """The objects of a block [§5]."""
        sealed = (self.folder / "packs" / pack.hex()[:2] / pack.hex()).read_bytes()[at : at + length]
        raw = self.opened("pack", pack + struct.pack("<IB", number, kind), sealed, 16 << 20)
        [count], at = varints(raw, 0, 1)
        lengths, at = varints(raw, at, count)
        return cut(raw, lengths, at)

    def object(self, kind, address):
        where, number = self.objects[address]
        if where not in self.blocks:
            self.blocks[where] = self.block(*where)
        content = self.blocks[where][number]
        if hmac.digest(self.keys["address"], bytes([kind]) + content, "sha256")[:20] != address:
            raise ValueError(f"object {address.hex()} is not what its address says")
        return content

    def entries(self, address):
        """The entries of a folder, through all levels of its tree [§7]."""
        tree = message(self.object(2, address))
        if one(tree, 1, 0) == 0:
            yield from map(message, tree.get(2, []))
        for branch in map(message, tree.get(3, [])):
            yield from self.entries(branch[2][0])

    def snapshot(self, which):
        """The snapshot of an id's beginning, or the latest [§8]."""
        names = sorted(path.name for path in (self.folder / "snapshots").iterdir())
        meant = names[-1:] if which == "latest" else [name for name in names if name.split("-")[-1].startswith(which)]
        if len(meant) != 1:
            sys.exit(f"{len(meant)} snapshots are called {which}")
        sealed = (self.folder / "snapshots" / meant[0]).read_bytes()
        return json.loads(self.opened("snapshot", meant[0].encode(), sealed, 4 << 20))

    def restore(self, folder, to):
        to.mkdir(parents=True, exist_ok=True)
        for entry in self.entries(folder):
            path = to / entry[1][0].decode()
            if one(entry, 2, 0) == 1:
                self.restore(entry[9][0], path)
            elif one(entry, 2, 0) == 2:
                content = b"".join(self.object(1, part) for part in addresses(one(entry, 8, b"")))
                if len(content) != one(entry, 7, 0):
                    raise ValueError(f"{path} has another length than its entry says")
                path.write_bytes(content)
            elif one(entry, 2, 0) == 3:
                path.symlink_to(entry[26][0].decode())


vault = Vault(sys.argv[1], os.environ["DAVAULT_PASSPHRASE"].encode())
snapshot = vault.snapshot(sys.argv[2])
[root] = vault.entries(bytes.fromhex(snapshot["root"]))
vault.restore(root[9][0], pathlib.Path(sys.argv[3]))
print(json.dumps(snapshot))
