"""An invented two-authority population with truth: children, siblings, twins, movers, and what clerks make of them.

`invent` gives the two authorities' records as people type them (text, dirty) with the true child and
the true household beside; `parts` standardises them to the words tokens are made of; `records` turns
those into what linkage sees. Error rates are those of the public ONS `synthetic4linkage` set and of
the measurements in the linkage notes; `mess=2` doubles every one of them ("hard").
Tokens are keyed 64-bit hashes here (equality is all linkage asks), so that big populations are quick to make.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

from tre_toolkit.linkage.records import NONE, Lists, Records, kind

NAMES = Path(__file__).parents[2] / "synth" / "data" / "names.csv"
GROUPS = {  # ethnic group: share, pool of names, how often a name is spelt another way
    "White British": (0.60, "white", 0.008),
    "Asian": (0.12, "asian", 0.05),
    "Black": (0.08, "black", 0.03),
    "East European": (0.07, "white", 0.04),
    "Mixed": (0.08, "white", 0.01),
    "Arab": (0.035, "other", 0.07),
    "Traveller": (0.01, "white", 0.02),
    "Unaccompanied": (0.005, "other", 0.12),
}
RATES = {  # of records, each side for itself; all times `mess`
    "given_typo": 0.015, "given_other": 0.02, "given_middle": 0.008, "exchanged": 0.004, "initial": 0.004, "placeholder": 0.002,
    "surname_typo": 0.018, "surname_changed": 0.04, "surname_part": 0.012, "date_swap": 0.003, "date_typo": 0.008,
    "date_first": 0.003, "date_missing": 0.003, "sex_wrong": 0.005, "sex_missing": 0.004, "postcode_typo": 0.012, "postcode_missing": 0.02,
    "moved": 0.09, "uprn_missing": 0.2, "upn_typo": 0.004, "upn_missing": 0.05, "upn_temporary": 0.02, "upn_changed": 0.015,
    "nhs_missing": 0.35, "nhs_typo": 0.004, "middle_missing": 0.15, "house_missing": 0.06,
}  # fmt: skip
LETTERS = np.array(list("ABCDEFGHIJKLMNOPQRSTUVWXYZ"))
CHECK = "ABCDEFGHJKLMNPQRTUVWXYZ"  # of UPNs: 23 letters
TODAY = np.datetime64("2025-03-31")
TRUE = [
    "group",
    "sex",
    "birth",
    "given",
    "middle",
    "surname",
    "household",
    "postcode",
    "house",
    "uprn",
    "upn",
    "nhs",
    "uln",
]


def invent(
    children: int, seed: int, *, mess: float = 1.0, overlap: float = 0.19
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Two files drawn from about `children` children; `overlap` of them stand in both, 1.5% of a file stands twice."""
    draw = np.random.default_rng(seed)
    people = _people(children, draw)
    both = draw.random(len(people)) < overlap
    side = np.where(both, 2, (draw.random(len(people)) < 0.52).astype(int))
    files = []
    for number in (0, 1):
        here = people[(side == number) | (side == 2)]
        twice = here.sample(frac=0.015, random_state=int(draw.integers(1 << 31)))
        file = _typed(pd.concat([here, twice], ignore_index=True), draw, mess)
        files.append(file.sample(frac=1, random_state=int(draw.integers(1 << 31))).reset_index(drop=True))
    return files[0], files[1]


def _pick(draw, pool, size, power=0.9):
    weights = 1 / np.arange(1, len(pool) + 1) ** power
    return np.asarray(pool, dtype=object)[draw.choice(len(pool), size, p=weights / weights.sum())]


def _people(children: int, draw) -> pd.DataFrame:
    names = pd.read_csv(NAMES)
    pool = {key: part["name"].tolist() for key, part in names.groupby(["kind", "group"])}
    shares = np.array([share for share, _, _ in GROUPS.values()])
    homes = int(children / 1.78)
    group = np.array(list(GROUPS), dtype=object)[draw.choice(len(GROUPS), homes, p=shares / shares.sum())]
    lone = group == "Unaccompanied"
    size = np.where(lone, 1, draw.choice([1, 2, 3, 4], homes, p=[0.47, 0.34, 0.13, 0.06]))
    home = np.repeat(np.arange(homes), size)
    count, rank = len(home), np.arange(len(home)) - np.repeat(np.cumsum(size) - size, size)
    years = draw.integers(0, 18, homes)[home] + rank * draw.integers(1, 4, count)
    years = np.where(lone[home], draw.integers(14, 18, count), years % 18)
    birth = TODAY - (years * 365.25 + draw.integers(0, 365, count)).astype(int)
    twin = (rank > 0) & (draw.random(count) < 0.055)
    birth[twin] = birth[np.flatnonzero(twin) - 1]
    sex = np.where(draw.random(count) < 0.51, "M", "F")
    frame = pd.DataFrame({"group": group[home], "sex": sex, "birth": birth, "household": home})
    for column in ("given", "middle"):
        frame[column] = None
        for name, (_, source, _) in GROUPS.items():
            for one, kinds in (("M", "boy"), ("F", "girl")):
                rows = np.flatnonzero((frame["group"] == name) & (frame["sex"] == one))
                frame.loc[rows, column] = _pick(draw, pool[(kinds, source)], len(rows))
    frame.loc[draw.random(count) < 0.3, "middle"] = None
    alike = twin & (draw.random(count) < 0.25)  # a quarter of twins share an initial by design
    for row in np.flatnonzero(alike):
        kinds = "boy" if sex[row] == "M" else "girl"
        letter = frame["given"].iat[row - 1][0]
        choice = [
            name
            for name in pool[(kinds, GROUPS[frame["group"].iat[row]][1])]
            if name[0] == letter and name != frame["given"].iat[row - 1]
        ]
        if choice:
            frame.iat[row, frame.columns.get_loc("given")] = choice[int(draw.integers(len(choice)))]
    family = np.empty(homes, dtype=object)
    for name, (_, source, _) in GROUPS.items():
        rows = np.flatnonzero(group == name)
        family[rows] = _pick(draw, pool[("surname", source)], len(rows), 0.75)
        double = rows[draw.random(len(rows)) < 0.06]
        family[double] = [
            f"{one}-{two}"
            for one, two in zip(
                family[double], _pick(draw, pool[("surname", source)], len(double)), strict=True
            )
        ]
    frame["surname"] = family[home]
    own = draw.random(count) < 0.07  # step-families
    frame.loc[own, "surname"] = _pick(draw, pool[("surname", "white")], int(own.sum()), 0.75)
    streets = max(homes // 14, 5)
    _address(frame, home, draw, homes, streets)
    upn = _upns(count, draw)
    age = (TODAY - birth).astype(int) / 365.25
    frame["upn"] = np.where((age >= 5) | ((age >= 3) & (draw.random(count) < 0.35)), upn, None)
    frame.loc[(frame["group"] == "Unaccompanied") & (draw.random(count) < 0.3), "upn"] = None
    frame["nhs"] = _nhs(count, draw)
    frame["uln"] = np.where(age >= 14, (draw.permutation(9 * 10**6)[:count] + 10**9).astype(str), None)
    frame["age"] = age.astype(int)
    frame["person"] = np.arange(count)
    return frame.drop(columns="rank", errors="ignore")


def _address(frame, home, draw, homes, streets) -> None:
    letters = np.array(list("ABDEFGHJLNPQRSTUWXYZ"), dtype=object)
    outward = np.array([f"QZ{number}" for number in range(1, 41)], dtype=object)[
        draw.integers(0, 40, streets)
    ]
    inward = (
        draw.integers(0, 10, streets).astype(str).astype(object)
        + letters[draw.integers(0, 20, streets)]
        + letters[draw.integers(0, 20, streets)]
    )
    street = draw.integers(0, streets, homes)
    frame["postcode"] = (outward + inward)[street][home]
    number = (
        pd.Series(street).groupby(street).cumcount().to_numpy()
    )  # along the street; one in twelve is a flat in the house before
    frame["house"] = (number - (draw.random(homes) < 0.08) * (number > 0))[home].astype(str)
    frame["uprn"] = (10**11 + draw.permutation(homes * 10)[:homes])[home].astype(str)


def _upns(count: int, draw) -> np.ndarray:
    digits = draw.choice(10**9, count, replace=False)
    return np.array([_with_check(f"999{one:09d}") for one in digits], dtype=object)


def _with_check(body: str) -> str:
    values = (CHECK.index(sign) if sign.isalpha() else int(sign) for sign in body)
    return CHECK[sum(place * value for place, value in zip(range(2, 14), values, strict=True)) % 23] + body


def _nhs(count: int, draw) -> np.ndarray:
    found = []
    for body in draw.choice(9 * 10**6, count, replace=False) + 990 * 10**6:
        check = 11 - sum((10 - at) * int(sign) for at, sign in enumerate(f"{body:09d}")) % 11
        found.append(None if check == 10 else f"{body:09d}{check % 11}")
    return np.array(found, dtype=object)


# ------------------------------------------------------------------------------------------------ what clerks type
def _typed(true: pd.DataFrame, draw, mess: float) -> pd.DataFrame:
    frame = true.copy()
    count = len(frame)
    hit = {name: draw.random(count) < rate * mess for name, rate in RATES.items()}
    names = pd.read_csv(NAMES)
    surnames = names[names["kind"] == "surname"]["name"].tolist()
    given, surname = frame["given"].to_numpy(object, copy=True), frame["surname"].to_numpy(object, copy=True)
    again = draw.random(count)
    variant = np.array([GROUPS[name][2] for name in frame["group"]]) * mess
    for column in (given, surname):
        rows = np.flatnonzero(draw.random(count) < variant)
        column[rows] = [_spelt(name, draw) for name in column[rows]]
    rows = np.flatnonzero(hit["given_other"])  # a short form, or another name altogether
    given[rows] = [
        name[: 3 + (again[row] < 0.3)] + ("ie" if again[row] < 0.4 else "")
        if again[row] < 0.7
        else surnames[int(again[row] * 2000) % 1500]
        for row, name in zip(rows, given[rows], strict=True)
    ]
    for name, column in (("given_typo", given), ("surname_typo", surname)):
        rows = np.flatnonzero(hit[name])
        column[rows] = [_slip(one, draw) for one in column[rows]]
    middle = frame["middle"].to_numpy(object, copy=True)
    rows = np.flatnonzero(hit["given_middle"] & ~pd.isna(middle))
    given[rows], middle[rows] = middle[rows], given[rows]
    rows = np.flatnonzero(hit["surname_changed"] & ~hit["surname_typo"])
    surname[rows] = [surnames[int(one)] for one in draw.integers(0, len(surnames), len(rows))]
    rows = np.flatnonzero(
        hit["surname_part"]
        | ((np.char.find(surname.astype(str), "-") > 0) & (draw.random(count) < 0.12 * mess))
    )
    surname[rows] = [
        name.split("-")[0] if "-" in name else f"{name}-{surnames[int(draw.integers(1500))]}"
        for name in surname[rows]
    ]
    rows = np.flatnonzero(hit["exchanged"])
    given[rows], surname[rows] = surname[rows].copy(), given[rows].copy()
    rows = np.flatnonzero(hit["initial"])
    given[rows] = [name[0] for name in given[rows]]
    baby = hit["placeholder"] | ((frame["age"] == 0) & (draw.random(count) < 0.03 * mess))
    given[baby] = "BABY"
    frame["given"], frame["surname"] = given, surname
    frame["middle"] = np.where(hit["middle_missing"], None, middle)
    _dates(frame, hit, draw, mess)
    frame["sex"] = np.where(
        hit["sex_missing"],
        None,
        np.where(hit["sex_wrong"], np.where(frame["sex"] == "M", "F", "M"), frame["sex"]),
    )
    _moved(frame, hit, draw, mess)
    _numbers(frame, hit, draw)
    return frame.drop(columns=["birth"])


def _spelt(name: str, draw) -> str:
    swaps = [
        ("ou", "u"),
        ("oo", "u"),
        ("ee", "i"),
        ("mm", "m"),
        ("ss", "s"),
        ("ph", "f"),
        ("kh", "k"),
        ("y", "i"),
        ("ei", "ey"),
        ("a", "e"),
        ("u", "o"),
        ("i", "ee"),
        ("s", "ss"),
        ("c", "k"),
        ("l", "ll"),
    ]
    fit = [pair for pair in swaps if pair[0] in name[1:].lower()]
    if not fit:
        return name + "h"
    old, new = fit[int(draw.integers(len(fit)))]
    at = name.lower().index(old, 1)
    return name[:at] + new + name[at + len(old) :]


def _slip(name: str, draw) -> str:
    at, which = int(draw.integers(len(name))), int(draw.integers(4))
    letter = str(LETTERS[int(draw.integers(26))]).lower()
    if which == 0 and len(name) > 2:
        return name[:at] + name[at + 1 :]
    if which == 1:
        return name[:at] + letter + name[at:]
    if which == 2 and at + 1 < len(name):
        return name[:at] + name[at + 1] + name[at] + name[at + 2 :]
    return name[:at] + letter + name[at + 1 :]


def _dates(frame, hit, draw, mess) -> None:
    date = pd.to_datetime(frame["birth"])
    year, month, day = (getattr(date.dt, part).to_numpy() for part in ("year", "month", "day"))
    lone = (frame["group"] == "Unaccompanied").to_numpy()
    swap = hit["date_swap"] & (day <= 12)
    month, day = np.where(swap, day, month), np.where(swap, month, day)
    which = draw.integers(0, 3, len(frame))
    typo = hit["date_typo"]
    year = np.where(typo & (which == 0), year + draw.choice([-1, 1, 10, -10], len(frame)), year)
    month = np.where(typo & (which == 1), 1 + (month + draw.integers(0, 10, len(frame))) % 12, month)
    day = np.where(typo & (which == 2), 1 + (day + draw.integers(1, 27, len(frame))) % 28, day)
    first = hit["date_first"] | (lone & (draw.random(len(frame)) < 0.15 * mess))
    month, day = np.where(first, 1, month), np.where(first, 1, day)
    text = [
        f"{y:04d}-{m:02d}-{min(d, 28):02d}"
        if m == 2
        else f"{y:04d}-{m:02d}-{min(d, 30) if m in (4, 6, 9, 11) else d:02d}"
        for y, m, d in zip(year, month, day, strict=True)
    ]
    frame["birth_date"] = np.where(hit["date_missing"], None, np.array(text, dtype=object))


def _moved(frame, hit, draw, mess) -> None:
    moved = np.flatnonzero(hit["moved"])
    fresh = pd.DataFrame(index=range(len(moved)))
    _address(fresh, np.arange(len(moved)), draw, max(len(moved), 1), max(len(frame) // 25, 5))
    for column in ("postcode", "house", "uprn"):
        values = frame[column].to_numpy(object, copy=True)
        values[moved] = fresh[column].to_numpy(object, copy=True)
        frame[column] = values
    frame["home"] = frame["uprn"]  # where the child truly lives, for scoring households
    post = frame["postcode"].to_numpy(object, copy=True)
    rows = np.flatnonzero(hit["postcode_typo"])
    post[rows] = [_slip(one, draw).upper() for one in post[rows]]
    post[hit["postcode_missing"]] = None
    frame["postcode"] = post
    frame["house"] = np.where(hit["house_missing"], None, frame["house"])
    frame["uprn"] = np.where(hit["uprn_missing"] | hit["postcode_missing"], None, frame["uprn"])


def _numbers(frame, hit, draw) -> None:
    upn = frame["upn"].to_numpy(object, copy=True)
    former, temporary = np.full(len(frame), None, dtype=object), np.full(len(frame), None, dtype=object)
    changed = np.flatnonzero(hit["upn_changed"] & ~pd.isna(upn))
    fresh = _upns(len(changed), draw)
    told = draw.random(len(changed)) < 0.5
    former[changed[told]] = upn[changed[told]]
    upn[changed] = fresh
    rows = np.flatnonzero(hit["upn_typo"] & ~pd.isna(upn))
    for row in rows:
        at = 4 + int(draw.integers(9))
        upn[row] = upn[row][:at] + str(draw.integers(10)) + upn[row][at + 1 :]
    temp = np.flatnonzero(hit["upn_temporary"])
    temporary[temp] = [f"T{number}" for number in draw.integers(10**9, 10**10, len(temp))]
    upn[temp] = None
    upn[hit["upn_missing"]] = None
    frame["upn"], frame["former_upn"], frame["upn_temp"] = upn, former, temporary
    nhs = frame["nhs"].to_numpy(object, copy=True)
    nhs[hit["nhs_missing"]] = None
    for row in np.flatnonzero(hit["nhs_typo"] & ~pd.isna(nhs)):
        at = int(draw.integers(10))
        nhs[row] = nhs[row][:at] + str(draw.integers(10)) + nhs[row][at + 1 :]
    frame["nhs"] = nhs
    frame["uln"] = np.where(draw.random(len(frame)) < 0.4, None, frame["uln"])


# ------------------------------------------------------------------------------------------------ standardised parts
def skeleton(name: str) -> str:
    """The consonant skeleton that names are compared by sound with."""
    for old, new in (
        ("PH", "F"),
        ("KH", "K"),
        ("GH", "G"),
        ("CH", "C"),
        ("SH", "S"),
        ("DH", "D"),
        ("TH", "T"),
        ("CK", "K"),
        ("Q", "K"),
        ("X", "KS"),
        ("Z", "S"),
        ("V", "F"),
    ):
        name = name.replace(old, new)
    head = "A" if name[0] in "AEIOUY" else name[0]
    rest = "".join(sign for sign in name[1:] if sign not in "AEIOUYWH")
    joined = (head + rest).replace("C", "K").replace("J", "G")
    return "".join(sign for at, sign in enumerate(joined) if at == 0 or sign != joined[at - 1])


def parts(frame: pd.DataFrame) -> pd.DataFrame:
    """The standardised parts of each record, by the words of the parcel's contract; None where there is none."""
    out = pd.DataFrame(index=frame.index)
    clean = {}
    for column in ("given", "middle", "surname"):
        values = frame[column].str.upper().str.replace(r"[^A-Z]+", " ", regex=True).str.strip()
        clean[column] = values.where(~values.isin(["BABY", "", "UNKNOWN"]) & values.notna()).astype("str")
    out["given"] = clean["given"].str.split(" ").str[0]
    out["given_joined"] = clean["given"].str.replace(" ", "")
    out["middle"] = clean["middle"].map(lambda name: name.split(" ")[0], na_action="ignore").astype("str")
    out["surname"] = clean["surname"].str.replace(" ", "")
    out["surname_part1"] = clean["surname"].str.split(" ").str[0]
    out["surname_part2"] = clean["surname"].str.split(" ").str[-1]
    for column in ("given", "surname"):
        sounds = {name: skeleton(name) for name in out[column].dropna().unique()}
        out[f"{column}_sound"] = out[column].map(sounds)
        out[f"{column}_first3"] = out[column].str[:3]
    out["given_initial"] = out["given"].str[:1]
    pair = np.sort(
        np.stack([out["given"].fillna("").to_numpy(str), out["surname"].fillna("").to_numpy(str)]), axis=0
    )
    whole = out["given"].notna() & out["surname"].notna()
    out["names_sorted"] = pd.Series(np.char.add(np.char.add(pair[0], "/"), pair[1]), index=out.index).where(
        whole
    )
    out["sex"] = frame["sex"]
    date = frame["birth_date"]
    year, month, day = date.str[:4], date.str[5:7], date.str[8:10]
    out["birth_date"], out["birth_year"] = date, year
    out["birth_ym"], out["birth_md"], out["birth_yd"] = year + month, month + day, year + "/" + day
    out["birth_swap"] = year + np.where(month < day, month + day, day + month)
    post = frame["postcode"].where(frame["postcode"].str.len() >= 5)
    out["postcode"], out["postcode_sector"], out["postcode_district"] = post, post.str[:-2], post.str[:-3]
    out["house"] = post + "/" + frame["house"]
    out["uprn"] = frame["uprn"]
    right = _each(frame["upn"], lambda upn: upn == _with_check(upn[1:]))
    out["upn"], out["upn_any"] = frame["upn"].where(right), frame["upn"]
    out["upn_temp"], out["former_upn"] = frame["upn_temp"], frame["former_upn"]
    valid = _each(frame["nhs"], _nhs_right)
    out["nhs"], out["nhs_any"], out["uln"] = frame["nhs"].where(valid), frame["nhs"], frame["uln"]
    return out


def _each(values: pd.Series, test) -> np.ndarray:
    """Whether each value passes; one that is missing doesn't."""
    return np.array([isinstance(value, str) and test(value) for value in values.to_numpy(object)], dtype=bool)


def _nhs_right(number: str) -> bool:
    check = 11 - sum((10 - at) * int(sign) for at, sign in enumerate(number[:9])) % 11
    return check != 10 and str(check % 11) == number[9]


# ------------------------------------------------------------------------------------------------ tokens
SHARED = {
    "upn_temp": "upn",
    "former_upn": "upn",
    "middle": "given",
    "surname_part1": "surname",
    "surname_part2": "surname",
}
D = "birth_date"
STRICT = [
    *((part, D) for part in ["sex", "given", "middle", "given_joined", "given_sound", "given_first3", "given_initial", "surname", "surname_part1", "surname_part2", "surname_sound", "surname_first3", "names_sorted", "postcode", "postcode_sector", "postcode_district", "uprn", "house"]),
    *(("given", "surname", date) for date in ("birth_ym", "birth_md", "birth_yd", "birth_swap", "birth_year")),
    *(("given", place, date) for place in ("uprn", "postcode") for date in ("birth_ym", "birth_md", "birth_yd")),
    ("given", "uprn"), ("surname", "uprn"), ("given", "surname", "postcode"), ("given", "middle", "birth_year"), ("given", "middle", "birth_md"),
    *((number,) for number in ("upn", "upn_temp", "former_upn", "nhs", "uln", "upn_any", "nhs_any")),
    *((number, part) for number in ("upn", "former_upn", "nhs", "uln") for part in ("birth_year", "birth_md", "given")),
]  # fmt: skip
LISTS = [("given", D), ("surname", D), ("postcode", D), ("upn_any",), ("nhs_any",)]
BARE = [
    "given", "given_joined", "middle", "given_sound", "given_first3", "given_initial", "surname", "surname_part1", "surname_part2",
    "surname_sound", "surname_first3", D, "birth_ym", "birth_md", "birth_yd", "birth_swap", "birth_year", "sex", "postcode",
    "postcode_sector", "postcode_district", "uprn", "house",
]  # fmt: skip
"""What `standard` adds: single fields."""
BARE_LISTS = [("given",), ("surname",), (D,), ("postcode",)]


def hashed(values: pd.Series, domain: str) -> np.ndarray:
    """Keyed 64-bit codes of a text column under a domain; none where it is missing."""
    places, uniques = pd.factorize(values)
    if len(uniques) == 0:
        return np.zeros(len(values), dtype=np.int64)
    codes = pd.util.hash_array(
        (domain + "\0" + pd.Series(uniques, dtype=object).astype(str)).to_numpy(object, copy=True),
        categorize=False,
        hash_key="thrown away once",
    )
    codes = np.append(codes.view(np.int64), NONE)
    return codes[places]


def records(
    *frames: pd.DataFrame, names=("990", "991"), dataset: str = "children", profile: str = "strict"
) -> Records:
    """What linkage sees of standardised frames: one source for each, in their own order of rows."""
    whole = pd.concat(frames, ignore_index=True)
    about = pd.DataFrame(
        {
            "parcel": np.repeat(
                [f"parcel {name}" for name in names[: len(frames)]], [len(one) for one in frames]
            ),
            "authority": np.repeat(list(names[: len(frames)]), [len(one) for one in frames]),
            "dataset": dataset,
            "period": "2025",
            "record_id": np.arange(len(whole)),
            "source": np.repeat(np.arange(len(frames)), [len(one) for one in frames]),
        }
    )
    tokens = {}
    standard = profile == "standard"
    for made in [*STRICT, *((part,) for part in (BARE if standard else ["uprn", "house"]))]:
        tokens[kind(made)] = tokens_of(whole, made)
    # bare addresses are for households: a project that declares them sends these two bare
    lists = {kind(made): deletions(whole, made) for made in [*LISTS, *(BARE_LISTS if standard else [])]}
    return Records(about, tokens, lists, tuple(names[: len(frames)]))


def tokens_of(whole: pd.DataFrame, made) -> np.ndarray:
    """The codes of one kind of token."""
    joined = whole[made[0]]
    for part in made[1:]:
        joined = joined + "\x1f" + whole[part]
    return hashed(joined, "+".join(SHARED.get(part, part) for part in made))


def deletions(whole: pd.DataFrame, made) -> Lists:
    """The deletion lists of one kind."""
    value = whole[made[0]]
    rest = whole[made[1]] if len(made) > 1 else pd.Series("", index=whole.index)
    held = (value.notna() & rest.notna()).to_numpy()
    text = value[held].to_numpy(str)
    length = np.char.str_len(text)
    rows, cut = [np.arange(len(text))], [text]
    for at in range(int(length.max()) if len(text) else 0):
        fit = np.flatnonzero(length > at)
        rows.append(fit)
        cut.append(np.array([one[:at] + one[at + 1 :] for one in text[fit]]))
    row = np.concatenate(rows)
    joined = (
        pd.Series(np.concatenate(cut)).astype(object)
        + "\x1f"
        + pd.Series(rest[held].to_numpy(object, copy=True)[row])
    )
    codes = hashed(joined, "deletions:" + "+".join(made))
    unique = pd.DataFrame({"row": row, "code": codes}).drop_duplicates().sort_values("row", kind="stable")
    lengths = np.zeros(len(whole), dtype=np.int64)
    lengths[np.flatnonzero(held)] = np.bincount(unique["row"], minlength=len(text))
    return Lists(np.concatenate([[0], np.cumsum(lengths)]), unique["code"].to_numpy())


# ------------------------------------------------------------------------------------------------ births
BIRTH_RATES = {"date_off": 0.04, "provider": 0.02, "gestation": 0.06, "weight": 0.03, "sex": 0.004, "postcode": 0.06, "mother": 0.03, "missing": 0.03}  # fmt: skip


def births(count: int, seed: int, *, mess: float = 1.0):
    """Deliveries and births of one year as token codes, with the true delivery of each birth: (babies, deliveries, truth).

    Three in a hundred deliveries are of twins; every field is wrong or missing now and then on the birth's side, a
    fifth of deliveries have no birth here and a tenth of births no delivery.
    """
    draw = np.random.default_rng(seed)
    day = draw.integers(0, 365, count)
    delivery = {
        "provider": draw.choice(30, count, p=np.sort(draw.dirichlet(np.ones(30) * 3))),
        "gestation": np.clip(np.round(draw.normal(39.3, 1.9, count)), 24, 42).astype(int),
        "postcode": draw.integers(0, count * 2, count),
        "mother_birth_date": draw.integers(0, 9000, count),
    }
    twins = draw.random(count) < 0.015
    truth = np.concatenate([np.arange(count), np.flatnonzero(twins)])
    truth = draw.permutation(truth)
    baby = {name: values[truth].copy() for name, values in delivery.items()}
    weight = np.round(draw.normal(3.35, 0.5, len(truth)) * 10).astype(int)  # bands of 100 g
    sex = draw.integers(0, 2, len(truth))
    first = pd.Series(np.arange(len(truth))).groupby(truth).min().reindex(np.arange(count)).to_numpy()
    delivery |= {
        "weight_band": weight[first],
        "sex": sex[first],
    }  # the delivery's own note is of its first baby
    baby |= {"weight_band": weight, "sex": sex}
    off = draw.random(len(truth)) < BIRTH_RATES["date_off"] * mess
    own_day = day[truth] + np.where(off, draw.choice([-1, 1], len(truth)), 0)
    for name, rate in (
        ("provider", "provider"),
        ("gestation", "gestation"),
        ("weight_band", "weight"),
        ("sex", "sex"),
        ("postcode", "postcode"),
        ("mother_birth_date", "mother"),
    ):
        wrong = draw.random(len(truth)) < BIRTH_RATES[rate] * mess
        baby[name] = np.where(wrong, draw.permutation(baby[name]), baby[name])
        baby[name] = np.where(draw.random(len(truth)) < BIRTH_RATES["missing"] * mess, -1, baby[name])
    kept = draw.random(count) > 0.1
    here = draw.random(len(truth)) > 0.2
    place = np.cumsum(kept) - 1
    shifted = {"delivery_date": day, "delivery_before": day - 1, "delivery_after": day + 1}
    deliveries = {
        f"{word}+{name}": _coded(days[kept], values[kept], name)
        for word, days in shifted.items()
        for name, values in _with_district(delivery).items()
    }
    babies = {
        f"delivery_date+{name}": _coded(own_day[here], values[here], name)
        for name, values in _with_district(baby).items()
    }
    return babies, deliveries, np.where(kept[truth[here]], place[truth[here]], -1)


def _with_district(fields: dict) -> dict:
    return {**fields, "postcode_district": np.where(fields["postcode"] < 0, -1, fields["postcode"] // 40)}


def _coded(day, value, name: str) -> np.ndarray:
    text = pd.Series(day).astype(str) + "/" + pd.Series(value).astype(str)
    return hashed(text.where(pd.Series(value) >= 0), name)
