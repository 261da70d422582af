"""SSH addresses and key files as users write them."""

from __future__ import annotations

import codecs
from pathlib import Path

import asyncssh
import paramiko
import pytest
from ferrule.errors import FerruleError, HostKeyRejected, UsageError
from ferrule.transports.ssh_address import Address
from ferrule.transports.ssh_keys import fingerprint, identity_key, pinned_keys
from hypothesis import given
from hypothesis import strategies as st

NAME = st.from_regex(r"[a-z][a-z0-9_-]{0,15}", fullmatch=True)
HOST = st.one_of(
    st.from_regex(r"[a-z0-9]([a-z0-9-]{0,10}[a-z0-9])?(\.[a-z]{2,5}){0,2}", fullmatch=True),
    st.ip_addresses(v=4).map(str),
    st.ip_addresses(v=6).map(str),
)
KEYS = [asyncssh.generate_private_key("ssh-ed25519") for _ in range(3)]
HERE = Address("bench", "target", 2200)


def public(number: int) -> str:
    return KEYS[number].export_public_key().decode().strip()


def digest(number: int) -> str:
    return str(KEYS[number].get_fingerprint())


@given(NAME, HOST, st.integers(1, 65535))
def test_address_round_trip(user: str, host: str, port: int) -> None:
    address = Address(user, host, port)
    assert Address.parse(str(address)) == address


def test_address_without_port_is_ssh_s_own() -> None:
    assert Address.parse("ssh://root@redox.local") == Address("root", "redox.local", 22)
    assert Address.parse("ssh://root@redox.local/").known_as == "redox.local"
    assert HERE.known_as == "[target]:2200"


@pytest.mark.parametrize(
    "url",
    [
        *("", "ssh", "ssh://", "ssh://host", "ssh://@host", "http://user@host", "ssh://user@", "ssh://user@host:0"),
        *("ssh://user@host:65536", "ssh://user@host:port", "ssh://user:word@host", "ssh://user@host/tmp"),
        *("ssh://user@host?x=1", "ssh://a%0Ab@host", "ssh://%FF@host", "ssh://user@[::1", "user@host"),
    ],
)
def test_bad_address_is_named(url: str) -> None:
    with pytest.raises(UsageError, match="is no SSH address; write ssh://user@host"):
        Address.parse(url)


@given(st.text())
def test_any_text_is_an_address_or_a_usage_error(text: str) -> None:
    for url in (text, f"ssh://{text}", f"ssh://user@{text}"):
        try:
            Address.parse(url)
        except UsageError:
            continue


@pytest.mark.parametrize("comment", ["", " root@target with spaces"])
def test_public_key_file_counts_for_any_host(tmp_path: Path, comment: str) -> None:
    file = tmp_path / "key.pub"
    file.write_text(public(0) + comment)
    assert [fingerprint(key) for key in pinned_keys(file, HERE)] == [digest(0)]


def test_known_hosts_names_its_hosts(tmp_path: Path) -> None:
    file = tmp_path / "known_hosts"
    hashed = paramiko.HostKeys.hash_host("[target]:2200")
    file.write_text(
        f"# comment\n\n[target]:22 {public(1)}\ntarget {public(1)}\n*  {public(1)}\n!other {public(1)}\n"
        f"other,[target]:2200 {public(0)}\n{hashed} {public(2)}\n{paramiko.HostKeys.hash_host('target')} {public(1)}\n"
        "target sk-ssh-ed25519@openssh.com AAAA\n"
    )
    assert [fingerprint(key) for key in pinned_keys(file, HERE)] == [digest(0), digest(2)]


def test_no_key_for_the_host_is_a_rejection(tmp_path: Path) -> None:
    file = tmp_path / "known_hosts"
    file.write_text(f"target {public(0)}\n")
    with pytest.raises(HostKeyRejected, match=r"no key for \[target\]:2200; `ssh-keyscan -p 2200 target`"):
        pinned_keys(file, HERE)


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        (f"@trusted [target]:2200 {public(0)}", "1: @trusted is no marker of known_hosts"),
        ("\nnonsense", "2: is neither a known_hosts nor a .pub line"),
        ("[target]:2200 ssh-ed25519 AAAAB3", "1: the key is damaged"),
        ("ssh-ed25519 AAAA!!!!", "1: the key is damaged"),
        (f"|1|short|x= {public(0)}", "1: the key is damaged"),
    ],
    ids=["marker", "nonsense", "short", "not base64", "hashed"],
)
def test_bad_lines_are_named(tmp_path: Path, text: str, complaint: str) -> None:
    file = tmp_path / "known_hosts"
    file.write_text(text)
    with pytest.raises(UsageError) as caught:
        pinned_keys(file, HERE)
    assert f"--host-key {file}:{complaint}" in str(caught.value)


@given(st.text(st.characters(codec="utf-8")))
def test_any_text_is_keys_or_one_line(tmp_path_factory: pytest.TempPathFactory, text: str) -> None:
    file = tmp_path_factory.getbasetemp() / "any"
    file.write_text(text, encoding="utf-8")
    for address in (HERE, Address("bench", "target")):
        with pytest.raises(FerruleError) as caught:
            pinned_keys(file, address)
        assert "\n" not in str(caught.value)


def test_lines_for_other_hosts_are_ignored(tmp_path: Path) -> None:
    file = tmp_path / "known_hosts"
    file.write_bytes(
        codecs.BOM_UTF8
        + f"[target]:2200 {public(0)}\n@revoked * {public(1)}\n@cert-authority *.example.org {public(2)}\n".encode()
        + f"m\u00fcller {public(2)} B\u00fcro\n".encode("latin-1")
    )
    assert [fingerprint(key) for key in pinned_keys(file, HERE)] == [digest(0)]


def test_a_revoked_key_is_never_accepted(tmp_path: Path) -> None:
    file = tmp_path / "known_hosts"
    file.write_text(f"[target]:2200 {public(0)}\n[target]:2200 {public(1)}\n@revoked other {public(0)}\n")
    assert [fingerprint(key) for key in pinned_keys(file, HERE)] == [digest(1)]
    file.write_text(f"[target]:2200 {public(0)}\n@revoked * {public(0)}\n")
    with pytest.raises(HostKeyRejected, match=r"every key for \[target\]:2200 is @revoked"):
        pinned_keys(file, HERE)
    file.write_text(f"@cert-authority * {public(0)}\n")
    with pytest.raises(HostKeyRejected, match=r"no key for .*@cert-authority lines are not used"):
        pinned_keys(file, HERE)


def test_users_and_zones_are_written_as_in_urls() -> None:
    assert Address.parse("ssh://user%40corp@host") == Address("user@corp", "host")
    for url in ("ssh://root@[fe80::1%25eth0]:2222", "ssh://root@[fe80::1%eth0]:2222"):
        assert Address.parse(url) == Address("root", "fe80::1%eth0", 2222)
    for address in (Address("user@corp", "host"), Address("root", "fe80::1%eth0", 2222)):
        assert Address.parse(str(address)) == address


def test_missing_and_unreadable_files(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"--host-key .*gone: No such file"):
        pinned_keys(tmp_path / "gone", HERE)
    (tmp_path / "binary").write_bytes(b"\xff\xfe")
    with pytest.raises(UsageError, match="is not text"):
        pinned_keys(tmp_path / "binary", HERE)
    with pytest.raises(UsageError, match=r"--identity .*gone: No such file"):
        identity_key(tmp_path / "gone")
    with pytest.raises(UsageError, match=r"--identity .*binary: is not a private key"):
        identity_key(tmp_path / "binary")


@pytest.mark.parametrize(
    ("kind", "form"),
    [*((kind, "openssh") for kind in ("ssh-ed25519", "ssh-rsa")), ("ecdsa-sha2-nistp256", "pkcs1-pem")],
)
def test_identity_formats(tmp_path: Path, kind: str, form: str) -> None:
    key = asyncssh.generate_private_key(kind)
    key.write_private_key(str(tmp_path / "plain"), form)
    assert fingerprint(identity_key(tmp_path / "plain")) == key.get_fingerprint()
    key.write_private_key(str(tmp_path / "locked"), form, passphrase="word")
    with pytest.raises(UsageError, match="is encrypted; give a key without passphrase"):
        identity_key(tmp_path / "locked")
