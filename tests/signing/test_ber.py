"""BER lengths in raw bytes: any encoding of a value is read as the same value, in one pass; garbage is an error."""

from __future__ import annotations

import pytest
from asn1crypto import cms, core, x509
from hypothesis import given
from hypothesis import strategies as st

from signing.pdf import asn1_lengths, ber, verifying_child
from tests.costs import counted
from tests.signing.foreign import der
from tests.signing.foreign.certificates import Wanted, authority, certify, doctor
from tests.signing.foreign.cms import Cms, Signer, token

VALUES = st.recursive(
    st.binary(max_size=300).map(der.octets) | st.integers(-(10**9), 10**9).map(der.integer),
    lambda inner: st.lists(inner, max_size=5).map(lambda parts: der.sequence(*parts)),
    max_leaves=20,
)


@given(VALUES, st.integers(0, 12), st.binary(max_size=20))
def test_any_encoding_of_a_value_has_its_length_and_its_definite_form(value: bytes, depth: int, more: bytes) -> None:
    encoded = der.indefinite(value, depth)
    assert ber.length_of(encoded + more) == len(encoded)
    assert ber.definite(encoded + more) == value


@given(st.binary(max_size=400))
def test_garbage_is_a_value_or_told_to_be_none(garbage: bytes) -> None:
    for read in (ber.length_of, ber.definite, ber.first, ber.canonical):
        try:
            read(garbage)
        except ber.NotBer:
            continue


@pytest.mark.parametrize(
    "wrong",
    [b"", b"\x30", b"\x30\x05ab", b"\x30\x89" + b"\1" * 9, b"\x04\x80ab\0\0", b"\x30\x80\x04\x01a", b"\x1f\x85"],
)
def test_what_is_cut_off_is_no_value(wrong: bytes) -> None:
    with pytest.raises(ber.NotBer):
        ber.length_of(wrong)


def test_what_has_no_indefinite_length_stays_as_it_stands() -> None:
    odd = b"\x30\x83\0\0\x07\x31\x05\x04\x01b\x05\0"  # forbidden by DER
    assert ber.definite(odd) == odd
    assert ber.canonical(odd) == der.sequence(der.set_of(der.octets(b"b"), der.NULL))


@pytest.mark.parametrize("level", [b"\x30\x80", b"\x24\x80", b"\x30\x83\x0f\xff\xff"])
def test_nesting_without_end_is_refused_in_no_time(level: bytes) -> None:
    def refused() -> None:
        with pytest.raises(ber.NotBer):
            ber.definite(level * 200_000)

    _, calls = counted(refused)
    assert calls < 500


def test_many_small_values_cost_no_more_than_their_number() -> None:
    def cost(count: int) -> int:
        encoded = b"\x30\x80" + b"\x30\x80\0\0" * count + b"\0\0"
        return counted(lambda: ber.definite(encoded))[1]

    assert cost(8_000) < 9 * cost(1_000)


def test_the_verifying_child_measures_lengths() -> None:
    assert verifying_child.CHUNK
    assert hasattr(core.Sequence.dump, "measures_lengths")
    before = core.Sequence.dump
    asn1_lengths.use()
    assert core.Sequence.dump is before


def test_a_length_that_ends_in_0x80_is_not_encoded_again() -> None:
    """Occurs once in 256 lengths, at any level of a certificate."""
    lengths = set()
    for spare in range(300):
        extension = der.sequence(der.oid("1.2.3.4"), der.octets(bytes(spare)))
        certificate = certify(Wanted(kind="P-256", more=(extension,)), authority()).certificate
        loaded = x509.Certificate.load(certificate)
        loaded["tbs_certificate"]["subject"].native  # noqa: B018  # parsed
        assert loaded.dump() == certificate
        signed = der.children(certificate)[0]
        assert loaded["tbs_certificate"].dump() == signed
        lengths |= {der.header(certificate)[-1], der.header(signed)[-1]}
    assert 0x80 in lengths


def test_an_explicit_tag_whose_length_ends_in_0x80_is_not_encoded_again() -> None:
    inner = der.sequence(der.sequence(*[der.set_of(der.sequence(der.oid("2.5.4.3"), der.utf8("x" * 64)))] * 1))
    name = der.children(inner)[0]
    while len(name) < 0x80:
        name = der.sequence(*der.children(name), der.set_of(der.sequence(der.oid("2.5.4.3"), der.utf8("y"))))
    wrapped = der.tlv(0xA4, name)
    loaded = x509.GeneralName.load(wrapped)
    loaded.chosen.native  # noqa: B018
    assert loaded.dump() == wrapped


def test_what_was_changed_is_encoded_anew_all_the_same() -> None:
    made = cms.ContentInfo.load(Cms((Signer(doctor()),)).over(b"x"))
    made["content"]["version"] = "v3"
    assert cms.ContentInfo.load(made.dump())["content"]["version"].native == "v3"


def test_a_time_stamp_in_ber_is_dumped_in_no_time() -> None:
    contents = Cms((Signer(doctor(), stamp=token),), indefinite=12).over(b"x")
    _, calls = counted(lambda: cms.ContentInfo.load(ber.definite(contents)).dump())
    assert calls < 5_000
