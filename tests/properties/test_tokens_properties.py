"""What holds of every name, date and number, not only of those we thought of."""

import hmac
import unicodedata

import pyarrow as pa
from hypothesis import given, settings
from hypothesis import strategies as st

from pseudonymise import standardise
from pseudonymise.cleaning import PLACEHOLDERS
from pseudonymise.keys import Key
from pseudonymise.profiles import Column
from pseudonymise.tokens import compose, from_text, text_form, token_columns, tokenise

KEY = Key(bytes(range(32)), "invented")
SECRET = bytes(range(32))

words = st.text(st.characters(categories=("Lu", "Ll", "Mn", "Zs"), max_codepoint=0x24F), max_size=24)
plain = st.text(st.sampled_from("ABCDEFGHIKLMNOPRSTUVWYZ"), min_size=2, max_size=12)
columns = st.lists(st.one_of(st.none(), st.text(max_size=12)), max_size=40)
few = settings(max_examples=60, deadline=None)


def clean(name):
    return standardise.names(pa.array([name], pa.string()))[0].as_py()


def token(value, domain="given", key=KEY, standardiser="1"):
    column = Column((domain,))
    return token_columns([column], {domain: pa.array([value], pa.string())}, key, standardiser)[column.name][
        0
    ].as_py()


@few
@given(words)
def test_cleaning_is_idempotent(name):
    once = clean(name)
    assert once is None or clean(once) == once


@few
@given(words)
def test_case_normal_form_and_outer_blanks_make_no_difference(name):
    once = clean(name)
    assert clean(unicodedata.normalize("NFD", name)) == once
    assert clean(unicodedata.normalize("NFC", name)) == once
    assert clean(f"  {name}\t") == once


@few
@given(plain, st.sampled_from("'’‘ʼ`´"), st.data())
def test_apostrophes_accents_and_case_make_no_difference(name, mark, data):
    at = data.draw(st.integers(1, len(name) - 1))
    for written in (
        name.lower(),
        name.title(),
        f"{name[:at]}{mark}{name[at:]}",
        f"{name[:at]}\u0301{name[at:]}",
        f"{name[:at]}\u0308{name[at:].lower()}",
    ):
        assert clean(written) == clean(name)


@few
@given(words, words)
def test_two_values_have_one_token_exactly_when_their_clean_forms_are_one(left, right):
    a, b = clean(left), clean(right)
    same = token(a) is not None and token(a) == token(b)
    assert same == (a is not None and a == b)


@few
@given(columns)
def test_tokens_are_those_of_hmac_whatever_the_column_s_form(values):
    wanted = [None if v is None else hmac.digest(SECRET, v.encode(), "sha256")[:16] for v in values]
    array = pa.array(values, pa.string())
    assert tokenise(array, SECRET).to_pylist() == wanted
    assert tokenise(array.dictionary_encode(), SECRET).to_pylist() == wanted
    middle = len(values) // 2
    assert tokenise(array.slice(middle), SECRET).to_pylist() == wanted[middle:]
    assert (
        tokenise(pa.chunked_array([array[:middle], array[middle:]], pa.string()), SECRET).to_pylist()
        == wanted
    )


@few
@given(
    st.lists(st.text(max_size=6), min_size=2, max_size=2),
    st.lists(st.text(max_size=6), min_size=2, max_size=2),
)
def test_a_composite_is_injective_on_its_parts(left, right):
    both = compose([pa.array([left[0], right[0]]), pa.array([left[1], right[1]])]).to_pylist()
    assert (both[0] == both[1]) == (left == right)


@few
@given(plain, st.integers(0, 255))
def test_project_domain_standardiser_and_each_key_bit_change_the_token(value, bit):
    changed = bytearray(SECRET)
    changed[bit // 8] ^= 1 << bit % 8
    tokens = {
        token(value),
        token(value, key=Key(bytes(changed), "invented")),
        token(value, key=Key(SECRET, "another")),
        token(value, domain="surname"),
        token(value, standardiser="2"),
    }
    assert len(tokens) == 5


def neighbourhood(value):
    return {value} | {value[:at] + value[at + 1 :] for at in range(len(value))}


def listed(values):
    column = Column(("given",), deletions=True)
    return token_columns([column], {"given": pa.array(values)}, KEY, "1")["n_given"].to_pylist()


@few
@given(plain, plain)
def test_deletion_lists_meet_exactly_when_the_neighbourhoods_do(left, right):
    a, b = listed([left, right])
    assert bool(set(a) & set(b)) == bool(neighbourhood(left) & neighbourhood(right))


@few
@given(plain, st.data())
def test_one_insertion_deletion_change_or_swap_of_neighbours_always_meets(name, data):
    at = data.draw(st.integers(0, len(name) - 1))
    letter = data.draw(st.sampled_from("AEIOUXZ"))
    written = [
        name[:at] + letter + name[at:],
        name[:at] + name[at + 1 :],
        name[:at] + letter + name[at + 1 :],
    ]
    if at + 1 < len(name):
        written.append(name[:at] + name[at + 1] + name[at] + name[at + 2 :])
    first, *others = listed([name, *written])
    assert all(set(first) & set(other) for other in others)


@few
@given(
    st.sampled_from(sorted(PLACEHOLDERS)),
    st.sampled_from(["{}", " {} ", "{}.", "{} ONE", "{}-TWO"]),
)
def test_a_placeholder_never_gives_a_part(word, form):
    for rule in (standardise.given_parts, standardise.surname_parts):
        made = rule(pa.array([form.format(word.title())]))
        assert all(part.null_count == 1 for part in made.values())


@few
@given(
    st.lists(st.sampled_from(["Zoë", "baby", None, "Anne-Marie", "O'Neil", "José"]), max_size=30),
    st.randoms(),
)
def test_order_repeats_and_chunks_do_not_change_the_set_of_tokens(names, rng):
    def tokens(column):
        return set(tokenise(standardise.given_parts(column)["given"], SECRET).to_pylist())

    array = pa.array(names, pa.string())
    order = list(range(len(names)))
    rng.shuffle(order)
    assert tokens(array) == tokens(array.take(pa.array(order, pa.int64())))
    assert tokens(array) == tokens(pa.concat_arrays([array, array]))


@few
@given(st.binary(min_size=16, max_size=16), st.sampled_from(["upn", "given+birth_date", "surname_part1"]))
def test_the_text_form_goes_there_and_back(raw, field):
    assert from_text(text_form(field, raw)) == (field, raw)
