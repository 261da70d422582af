"""Formats of files that users write, and that builds, validations and the instrument produce."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from ferrule.anatomy import profile, trace
from ferrule.checksum import seal
from ferrule.guests import check_tables
from ferrule.kernels import crates, recipe, store
from ferrule.machine.options import GuestOptions
from ferrule.report.codec import encode
from ferrule.transports import ssh_keys
from ferrule.transports.ssh_address import Address
from ferrule.validate import runs as validation_runs
from ferrule.validate.ledger import Ledger

from tests.support.formats import Format, document_lies, lines_lie
from tests.support.profiles import PROFILE

TABLES = """[guest.redox]
kernel = "kernels/redox"
sha256 = "%s"
password = "x"
[guest."linux:asterinas"]
kernel = "a kernel"
""" % ("9f" * 32)


def manifest() -> list[bytes]:
    """The manifest of a kernel whose image is empty."""
    made = recipe.read("hermit")
    fields = {
        **{"name": "hermit", "about": "x", "file": "image", "bytes": 0, "sha256": "0" * 64, "features": ""},
        **{"recipe": made.digest(made.sets[0]), "compiler": "rustc 1.90", "linker": "lld", "named": ["a 1"]},
        **{"edited": [], "cost": {"wall_seconds": 1, "cpu_seconds": 2}},
        "crates": [{"name": "a", "version": "1", "sha256": "0" * 64, "licence": "MIT"}],
    }
    return [json.dumps(seal(fields), indent=1).encode()]


def read_manifest(path: Path) -> object:
    (path.parent / "image").write_bytes(b"")
    made = store.read("hermit", path.parent)
    return made and (made.facts(), made.current, made.manifest["cost"]["wall_seconds"])


def of_manifest(found: object) -> Iterator[object]:
    return iter([found] if found is not None else [])


def traces() -> list[bytes]:
    """A trace of two batches, in two pieces and in one; read_trace() writes the file with its one instruction."""
    parts = []
    for last, accessed in ((0, 1), (1, 0), (1, 2)):
        parts += [np.uint64(0x1000).tobytes(), np.array([1, last, 2, accessed, 1, 1], np.uint32).tobytes()]
        parts += [np.full(accessed, 1 << 62 | 8192, np.uint64).tobytes(), np.zeros(accessed, np.int32).tobytes()]
    return [b"".join(parts)]


def read_trace(path: Path) -> object:
    path.with_suffix(".code").write_bytes(bytes(24))
    return trace.read(path.with_suffix(""))[1]


def validations() -> list[bytes]:
    ticks, two = np.arange(12).reshape(2, 2, 1, 1, 1, 3), np.ones((2, 2, 1))
    one, four = np.ones(1, dtype=np.int64), np.ones((2, 1), dtype=np.int64)
    run = validation_runs.Run(
        seed=1,
        arms=(0, 5),
        workloads=("null_call",),
        ticks=ticks,
        pace=ticks,
        processes=one,
        visits=one,
        n=one,
        ran=four,
        spin=four,
        hz=two,
        pair=two,
        loop=two,
        order=np.ones((2, 2), dtype=np.int64),
        load=np.ones(2),
        began=1.0,
        seconds=2.0,
        multiplications=9,
        others=None,
        conditions={"cpu": "x"},
    )
    with TemporaryDirectory() as folder:
        file = Path(folder) / "run-1.npz"
        validation_runs.save(run, file)
        return [file.read_bytes()]


def of_validation(found: validation_runs.Run) -> Iterator[object]:
    yield {name: str(value.tolist() if isinstance(value, np.ndarray) else value) for name, value in vars(found).items()}


def keys() -> list[bytes]:
    blob = "AAAAC3NzaC1lZDI1NTE5AAAAIJl3dIeudNqd0DPMRD6OIh65tjQ2s8QYhNmRVdkVYhFd"
    gone = "AAAAC3NzaC1lZDI1NTE5AAAAIAABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4f"
    names = [
        "host",
        "[host]:2222,10.0.0.1",
        "@cert-authority *.example",
        "|1|F1E1KeoE/eEWhi10WpGv4OdiO6Y=|3988QV0VE8wmZL7suNrYQLITLCg=",
    ]
    return [
        f"ssh-ed25519 {blob} root@host\n".encode(),
        "".join([f"@revoked * ssh-ed25519 {gone}\n", *(f"{one} ssh-ed25519 {blob}\n" for one in names)]).encode(),
    ]


def ledger() -> list[bytes]:
    with TemporaryDirectory() as folder:
        file = Path(folder) / "ledger.jsonl"
        for key, rate in (("a/a", 0.01), ("b", 0.02)):
            Ledger(file).add(key, {"rate": rate})
        return [file.read_bytes()]


MADE: dict[str, Format] = {
    "profile": Format(
        lambda: [profile.render(PROFILE).encode()],
        profile.load,
        "p.anatomy.json",
        lambda found: iter([encode(found)]),
        document_lies,
    ),
    "manifest": Format(manifest, read_manifest, "manifest.json", of_manifest, document_lies),
    "guests-toml": Format(
        lambda: [TABLES.encode(), b"\xef\xbb\xbf" + TABLES.encode()],
        lambda p: check_tables(GuestOptions(guests_file=p)),
        "guests.toml",
    ),
    "crates": Format(
        lambda: [recipe.FOLDER.joinpath("hermit.crates").read_bytes()[-3000:].partition(b"\n")[2]],
        lambda p: crates.parse(p.read_text(errors="replace"), p.name),
    ),
    "cargo-lock": Format(
        lambda: [crates.lock(recipe.read("hermit").crates[:4], "p", ["a"], "registry+x").encode()],
        lambda p: crates.of_lock(p.read_text(errors="replace"), p.name),
    ),
    "trace": Format(traces, read_trace, "x.1.trace"),
    "validation": Format(validations, validation_runs.load, "run-1.npz", of_validation),
    "ledger": Format(ledger, lambda p: Ledger(p).items(), "ledger.jsonl", iter, lines_lie),
    "known-hosts": Format(
        keys, lambda p: [str(one.asbytes()) for one in ssh_keys.pinned_keys(p, Address("a", "host", 22))]
    ),
}
