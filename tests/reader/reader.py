#!/usr/bin/env python3
"""Restores a snapshot of a davault vault, from what docs/vault-format.md says and nothing else.

usage: reader.py VAULT SNAPSHOT FOLDER    (a vault in a folder; an id's beginning or `latest`; $DAVAULT_PASSPHRASE)

It checks every seal and every address, prints what the snapshot says of itself, and writes its files below FOLDER.
The sections in brackets are those of the format text.
"""

import hashlib
import hmac
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

DATA, TREE = 1, 2


def xchacha20_poly1305(key, place, sealed):
    """Opens what was sealed for a place [§4]; InvalidTag if it was not."""
    nonce, rest = sealed[:24], sealed[24:]
    # draft-irtf-cfrg-xchacha-03 §2.2: HChaCha20 is a ChaCha20 block without the last addition, of which eight words are kept.
    block = Cipher(algorithms.ChaCha20(key, nonce[:16]), mode=None).encryptor().update(bytes(64))
    words, start = struct.unpack("<16I", block), struct.unpack("<4I", b"expand 32-byte k") + struct.unpack("<4I", nonce[:16])
    kept = zip(words[:4] + words[12:], start)
    subkey = struct.pack("<8I", *((word - first) & 0xFFFFFFFF for word, first in kept))
    return ChaCha20Poly1305(subkey).decrypt(bytes(4) + nonce[16:], rest, place)


def keyed_hash(key, message):
    return hmac.new(key, message, hashlib.sha256).digest()


def expand(frame, most):
    """One zstd frame that states its length [§4]."""
    if not 0 <= zstandard.frame_content_size(frame) <= most:
        raise ValueError("a frame states no length, or too much of it")
    return zstandard.ZstdDecompressor().decompress(frame)


def varint(data, at):
    value = shift = 0
    while True:
        byte, at = data[at], at + 1
        value |= (byte & 0x7F) << shift
        shift += 7
        if byte < 0x80:
            return value, at


def message(data):
    """A message of Protocol Buffers: the values of each field number, in order."""
    fields, at = {}, 0
    while at < len(data):
        tag, at = varint(data, at)
        if tag & 7 == 0:
            value, at = varint(data, at)
        else:
            length, at = {1: (8, at), 5: (4, at)}.get(tag & 7) or varint(data, at)
            value, at = data[at : at + length], at + length
        fields.setdefault(tag >> 3, []).append(value)
    return fields


def one(fields, number, otherwise):
    return fields.get(number, [otherwise])[-1]


def numbers(fields, number):
    """Repeated numbers, packed as proto3 does."""
    data, at, values = one(fields, number, b""), 0, []
    while at < len(data):
        value, at = varint(data, at)
        values.append(value)
    return values


def pieces(data, length):
    return [data[at : at + length] for at in range(0, len(data), length)]


class Vault:
    def __init__(self, folder, passphrase):
        self.folder = pathlib.Path(folder)
        config = json.loads((self.folder / "config").read_text())
        if config["format"] != "davault" or config["version"] > 1:
            sys.exit("this is no vault that is understood here")
        self.id = bytes.fromhex(config["id"])
        master = self.master(passphrase)
        self.keys = {name: keyed_hash(master, b"davault 1 " + name.encode()) for name in ("address", "config", "pack", "index", "snapshot")}
        said = "".join(f"{config[name]}\n" for name in ("format", "version", "id", "created"))
        if keyed_hash(self.keys["config"], said.encode()).hex() != config["mac"]:
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

    def index_part(self, place, number, sealed):
        return message(expand(xchacha20_poly1305(self.keys["index"], place + struct.pack("<I", number), sealed), 64 << 20))

    def index(self):
        """Where each object lies [§6]: pack, number of the block, its kind, offset and length, number in it."""
        files, replaced, objects = {}, set(), {}
        for path in (self.folder / "index").iterdir():
            data, (level, name) = path.read_bytes(), path.name.split("-")
            place, end = b"davault index" + self.id + bytes.fromhex("0" + level + name), len(data) - 4
            directory = self.index_part(place, 0xFFFFFFFF, data[end - struct.unpack("<I", data[end:])[0] : end])
            chunks, at = [], 8
            for number, length in enumerate(numbers(directory, 3) + numbers(directory, 4)):
                chunks.append(self.index_part(place, number, data[at : at + length]))
                at += length
            files[name] = directory, chunks
            replaced.update(other.hex() for other in directory.get(6, []))
        for directory, chunks in (file for name, file in files.items() if name not in replaced):
            packs = [(pack[1][0], number) for pack in map(message, directory.get(1, [])) for number in range(one(pack, 3, 0))]
            blocks = [block for chunk in chunks[: len(numbers(directory, 3))] for block in zip(*(numbers(chunk, field) for field in (1, 2, 3)))]
            where = [pack + block for pack, block in zip(packs, blocks)]
            for chunk in chunks[len(numbers(directory, 3)) :]:
                for address, block, number in zip(pieces(one(chunk, 1, b""), 20), numbers(chunk, 2), numbers(chunk, 3)):
                    objects[address] = (where[block], number)
        return objects

    def block(self, pack, number, kind, at, length):
        """The objects of a block [§5]."""
        name = pack.hex()
        with open(self.folder / "packs" / name[:2] / name, "rb") as file:
            file.seek(at)
            sealed = file.read(length)
        place = b"davault pack" + self.id + pack + struct.pack("<IB", number, kind)
        raw = expand(xchacha20_poly1305(self.keys["pack"], place, sealed), 16 << 20)
        count, at = varint(raw, 0)
        lengths, objects = [], []
        for _ in range(count):
            length, at = varint(raw, at)
            lengths.append(length)
        for length in lengths:
            objects.append(raw[at : at + length])
            at += length
        return objects

    def object(self, kind, address):
        where, place = self.objects[address]
        if where not in self.blocks:
            self.blocks[where] = self.block(*where)
        content = self.blocks[where][place]
        if keyed_hash(self.keys["address"], bytes([kind]) + content)[:20] != address:
            raise ValueError(f"object {address.hex()} is not what its address says")
        return content

    def entries(self, address):
        """The entries of a folder, through all levels of its tree [§7]."""
        tree = message(self.object(TREE, address))
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
        place = b"davault snapshot" + self.id + meant[0].encode()
        return json.loads(expand(xchacha20_poly1305(self.keys["snapshot"], place, sealed), 4 << 20))

    def restore(self, folder, to):
        to.mkdir(parents=True, exist_ok=True)
        for entry in self.entries(folder):
            path = to / entry[1][0].decode()
            if one(entry, 2, 0) == 1:
                self.restore(entry[9][0], path)
            elif one(entry, 2, 0) == 2:
                content = b"".join(self.object(DATA, part) for part in pieces(one(entry, 8, b""), 20))
                if len(content) != one(entry, 7, 0):
                    raise ValueError(f"{path} has another length than its entry says")
                path.write_bytes(content)


def main():
    folder, which, to = sys.argv[1:]
    vault = Vault(folder, os.environ["DAVAULT_PASSPHRASE"].encode())
    snapshot = vault.snapshot(which)
    [root] = vault.entries(bytes.fromhex(snapshot["root"]))
    vault.restore(root[9][0], pathlib.Path(to))
    print(json.dumps(snapshot))


main()
