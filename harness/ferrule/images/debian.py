"""Debian's or Ubuntu's standard kernel: downloaded once by apt without root, unpacked into the cache.

apt checks the packages against the distribution's signed lists. Cloud kernels would be smaller, but they have no 9p.
"""

from __future__ import annotations

import os
import platform
import re
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

from ferrule import files, paths
from ferrule.errors import InfrastructureError, ToolMissing
from ferrule.images import deb

NATIVE = "amd64"  # the default architecture, by Debian's name
META_PACKAGES = ("linux-image-amd64", "linux-image-generic")  # Debian's, Ubuntu's: they name the newest kernel
_KERNEL = re.compile(r"^Depends:.*?\b(linux-image-[0-9][\w.+-]*-(?:amd64|arm64|riscv64|generic))\b", re.MULTILINE)
DOWNLOAD_SECONDS = 600.0  # 70 MB; riscv64's 113
# Architectures that a host's release may not have yet: the first release that has them, and the key that signed it.
FIRST_RELEASE = {"riscv64": "trixie"}
KEYRING = Path("/usr/share/keyrings/debian-archive-keyring.gpg")
IMAGE, MODULES = "vmlinuz", "modules"  # names in the cache

# What a guest may load: virtio, 9p with what it needs, the network card. Folders end with a slash.
_KEPT = (
    *("kernel/drivers/virtio/", "kernel/net/9p/", "kernel/fs/9p/", "kernel/fs/netfs/", "kernel/fs/fscache/"),
    *("kernel/drivers/net/virtio_net.ko", "kernel/drivers/net/net_failover.ko", "kernel/net/core/failover.ko"),
    "modules.builtin",
)


def cached(arch: str = NATIVE) -> Path | None:
    """The newest kernel in the cache: a folder with `vmlinuz` and `modules/`, named after the package file."""
    found = [path for path in _cache(arch).iterdir() if _whole(path)]
    return max(found, key=lambda path: _version_key(path.name), default=None)


def _cache(arch: str) -> Path:
    return paths.cache("debian" if arch == NATIVE else f"debian-{arch}")


def fetch(arch: str = NATIVE) -> Path:
    """The cached kernel's folder, after downloading it when there is none.

    Raises:
        ToolMissing: no apt-get here.
        InfrastructureError: apt does not know the package, the download failed, or the cache cannot hold it.
    """
    if (found := cached(arch)) is not None:
        return found
    if shutil.which("apt-get") is None:
        raise ToolMissing("apt-get, which downloads a kernel, is not here; name a kernel by --linux-kernel FILE")
    cache = _cache(arch)
    try:
        with files.scratch(cache) as work:
            packages = _download(work, arch)
            unpacked = work / "unpacked"
            unpack(packages, unpacked)
            final = cache / packages[0].name.removesuffix(".deb").replace("%3a", ":")
            try:
                unpacked.rename(final)
            except OSError:
                if not _whole(final):  # else another process was faster
                    shutil.rmtree(final, ignore_errors=True)
                    unpacked.rename(final)
            return final
    except OSError as error:
        raise InfrastructureError(f"{cache}: {error.strerror or error}; FERRULE_CACHE names another folder") from error


def unpack(packages: Sequence[Path], into: Path) -> None:
    """Take image and guest modules out of a kernel's packages.

    Raises:
        InfrastructureError: not Debian packages, or no kernel in them.
    """
    into.mkdir()
    for package in packages:
        with deb.files(package) as tar:
            for member in tar:
                target = _target(member.name)
                content = tar.extractfile(member) if target is not None and member.isfile() else None
                if content is not None and target is not None:
                    path = into / target
                    path.parent.mkdir(parents=True, exist_ok=True)
                    with path.open("wb") as sink:
                        shutil.copyfileobj(content, sink)
    if not (into / IMAGE).is_file():
        raise InfrastructureError(f"{', '.join(map(str, packages))}: no boot/vmlinuz in it")
    files.write_sound(into / IMAGE, (into / IMAGE).read_bytes())


def _whole(folder: Path) -> bool:
    """Whether a folder of the cache holds a complete kernel; one without a checksum file only must not be empty."""
    image = folder / IMAGE
    if folder.name.startswith(files.FOLDER) or not image.is_file():
        return False
    return files.sound(image) or (not files.sum_of(image).exists() and image.stat().st_size > 0)


def _target(name: str) -> str | None:
    """The path in the cache for a file of the package; None: the file is not needed."""
    name = name.removeprefix("./")
    if re.fullmatch(r"boot/vmlinu[xz]-[^/]+", name):
        return IMAGE
    inside = re.fullmatch(r"(?:usr/)?lib/modules/[^/]+/(.+)", name)
    if inside and ".." not in inside[1].split("/") and inside[1].startswith(_KEPT):
        return f"{MODULES}/{inside[1]}"
    return None


def _download(work: Path, arch: str) -> list[Path]:
    """The .debs of the kernel, its image first. By the system's package lists; else by private lists."""
    options: tuple[str, ...] = ()
    try:
        if arch != NATIVE:
            raise InfrastructureError(f"the system's package lists are not for {arch}")
        names = _kernel_packages(options)
    except InfrastructureError:
        options = private_options(work, arch)
        run_apt("apt-get", *options, "-q", "update")
        try:
            names = _kernel_packages(options, arch)
        except InfrastructureError:
            if (later := _later_release(work, arch, options)) is None:
                raise
            options = later
            run_apt("apt-get", *options, "-q", "update")
            names = _kernel_packages(options, arch)
    run_apt("apt-get", *options, "-q", "download", *names, cwd=work)
    found = [next(work.glob(f"{name}_*.deb"), None) for name in names]
    if missing := [name for name, path in zip(names, found, strict=True) if path is None]:
        raise InfrastructureError(f"apt-get download {' '.join(missing)}: no file came")
    return [path for path in found if path is not None]


def _later_release(work: Path, arch: str, options: tuple[str, ...]) -> tuple[str, ...] | None:
    """Options for apt: the first release that has an architecture, on the servers of this host's own sources."""
    try:
        release, own = FIRST_RELEASE.get(arch), platform.freedesktop_os_release()
    except OSError:
        return None
    if release is None or own["ID"] != "debian" or not KEYRING.is_file():
        return None
    uris = run_apt("apt-get", *options, "-q", "update", "--print-uris")
    servers = re.findall(rf"^'(\S+)/dists/{re.escape(own.get('VERSION_CODENAME', ''))}/InRelease'", uris, re.MULTILINE)
    sources = work / "later.list"
    lines = (f"deb [signed-by={KEYRING}] {server} {release} main\n" for server in dict.fromkeys(servers))
    sources.write_text("".join(lines))
    return (*options, "-o", f"Dir::Etc::sourcelist={sources}", "-o", "Dir::Etc::sourceparts=/dev/null")


def offered() -> str:
    """The name of the kernel package that apt would download, by the system's current package lists.

    Raises:
        InfrastructureError: the lists have no kernel package.
    """
    return _kernel_packages(())[0]


def _kernel_packages(options: tuple[str, ...], arch: str = NATIVE) -> list[str]:
    """Package names: the kernel image of the first meta package that apt knows, then Ubuntu's module packages."""
    reasons = []
    metas = [name.replace(NATIVE, arch) for name in META_PACKAGES]
    for meta in metas:
        try:
            text = run_apt("apt-cache", *options, "show", "--no-all-versions", meta)
        except ToolMissing:
            raise
        except InfrastructureError as error:
            reasons.append(str(error))
            continue
        if found := _KERNEL.search(text):
            return [found[1], *_modules(found[1], options)]
        reasons.append(f"apt-cache show {meta}: no kernel package named there")
    raise InfrastructureError(f"apt knows neither {' nor '.join(metas)}: {reasons[-1]}")


def _modules(image: str, options: tuple[str, ...]) -> list[str]:
    """Packages with the modules, where the image's package does not include them (Ubuntu)."""
    names = [image.replace("linux-image-", f"linux-{what}-") for what in ("modules", "modules-extra")]
    if not image.endswith("-generic"):
        return []
    return [name for name in names if _known(name, options)]


def _known(name: str, options: tuple[str, ...]) -> bool:
    try:
        run_apt("apt-cache", *options, "show", "--no-all-versions", name)
    except InfrastructureError:
        return False
    return True


def private_options(work: Path, arch: str = NATIVE) -> tuple[str, ...]:
    """Options that keep apt's state in a folder of ours: no root needed. Sources and keys stay the system's."""
    for folder in ("lists/partial", "archives/partial"):
        (work / folder).mkdir(parents=True)
    settings = {
        "Dir::State": work,
        "Dir::State::lists": work / "lists",
        "Dir::Cache": work,
        "Dir::Cache::archives": work / "archives",
        "APT::Architecture": arch,
        "APT::Architectures": arch,
        "Debug::NoLocking": "1",
    }
    return tuple(word for key, value in settings.items() for word in ("-o", f"{key}={value}"))


def run_apt(*argv: str, cwd: Path | None = None) -> str:
    """Run one of apt's tools and return its output.

    Raises:
        InfrastructureError: it failed or took too long; quotes its last line.
    """
    environment = {**os.environ, "LC_ALL": "C", "DEBIAN_FRONTEND": "noninteractive"}
    try:
        done = subprocess.run(
            argv,
            cwd=cwd,
            env=environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=DOWNLOAD_SECONDS,
            check=False,
            text=True,
        )
    except subprocess.TimeoutExpired:
        raise InfrastructureError(f"{argv[0]}: took over {DOWNLOAD_SECONDS:.0f} s") from None
    except OSError as error:
        raise ToolMissing(f"{argv[0]}: {error.strerror}; name a kernel by --linux-kernel FILE") from error
    if done.returncode != 0:
        lines = [line for line in done.stderr.splitlines() if line.startswith("E:")] or done.stderr.splitlines()
        raise InfrastructureError(f"{argv[0]} failed: {lines[-1] if lines else f'exit status {done.returncode}'}")
    return done.stdout


def _version_key(name: str) -> list[tuple[int, str]]:
    """A sort key that compares the numbers in versions as numbers: 6.1.0-9 before 6.1.0-56."""
    return [(int(digits or 0), text) for digits, text in re.findall(r"(\d+)|(\D+)", name)]
