"""Small clean returns, drawn so that a reader sees them: no rule of their year is broken.

`ssda903(year)` and `cin_census(year)` give the tables of a return as lists of rows (dicts of text); with
`last=True`, the same authority's return of the year before. Every child has a story of its own, so that a
test can break one rule by changing a cell or two. Everybody here is invented (pupil numbers of authority 999).
"""

from __future__ import annotations

LETTERS = "ABCDEFGHJKLMNPQRTUVWXYZ"
Rows = list[dict[str, str]]


def upn(number: int) -> str:
    """A pupil number of the never-issued authority 999, with its check letter."""
    digits = f"9991{number:08d}"
    total = sum(int(digit) * place for place, digit in enumerate(digits, start=2))
    return LETTERS[total % 23] + digits


def table(text: str) -> Rows:
    """Rows from a drawn table: a line of names, then a line a row, cells between bars."""
    lines = [[cell.strip() for cell in line.split("|")] for line in text.strip().splitlines()]
    return [dict(zip(lines[0], line, strict=True)) for line in lines[1:]]


def ssda903(year: int, *, last: bool = False) -> dict[str, Rows]:
    """The SSDA903 return of one collection year, 1 April of the year before to 31 March."""
    y = year
    sex = ("2", "1") if y - last < 2025 else ("F", "M")
    girl, boy = sex
    born = {
        "LONG": f"05/05/{y - 12}",  # looked after in foster care for years
        "BABY": f"11/02/{y - 3}",  # to be adopted: placed, matched, adopted this year
        "HOME": f"20/09/{y - 9}",  # came into care this year and went home
        "ALONE": f"15/11/{y - 17}",  # an unaccompanied child
        "LEFT": f"02/08/{y - 20}",  # a care leaver
        "MUM": f"30/06/{y - 16}",  # a mother in a children's home
        "SHORT": f"08/03/{y - 10}",  # a series of short breaks
        "PLAN": f"19/01/{y - 5}",  # a placement order, not yet placed
        "SMALL": f"14/04/{y - 5}",  # four years old, a year in care
        "TEEN": f"25/12/{y - 15}",  # moved twice; missing
    }
    order = list(born)
    header = [
        {
            "CHILD": child,
            "SEX": girl if child in {"MUM", "SMALL", "LEFT"} else boy,
            "DOB": born[child],
            "ETHNIC": "WBRI" if child != "ALONE" else "AOTH",
            "UPN": upn(order.index(child) + 1) if child not in {"BABY", "ALONE"} else "UN1",
            "MOTHER": {"MUM": "1", "SMALL": "0", "LEFT": ""}.get(child, ""),
            "MC_DOB": f"03/10/{y - 2}" if child == "MUM" else "",
        }
        for child in born
    ]
    header[3]["UPN"] = "UN2"
    episodes = table(f"""
        CHILD | DECOM           | RNE | LS | CIN | PLACE | PLACE_PROVIDER | DEC             | REC | REASON_PLACE_CHANGE | HOME_POST | PL_POST  | URN
        LONG  | 10/06/{y - 4}   | S   | C2 | N1  | U4    | PR1            |                 |     |                     | ZZ99 1AA  | ZZ99 1AB | SC999001
        BABY  | 15/01/{y - 1}   | B   | E1 | N1  | A6    | PR1            | 20/10/{y - 1}   | E12 |                     | ZZ99 1AA  | ZZ99 1AB | SC999001
        HOME  | 06/07/{y - 1}   | S   | V2 | N5  | U6    | PR1            | 01/09/{y - 1}   | X1  | CREQB               | ZZ99 1AA  | ZZ99 1AB | SC999001
        HOME  | 01/09/{y - 1}   | P   | V2 | N5  | K2    | PR4            | 14/01/{y}       | E4A |                     | ZZ99 1AA  | ZZ99 1AC | 9990002
        ALONE | 23/08/{y - 1}   | S   | V2 | N8  | U6    | PR1            |                 |     |                     |           | ZZ99 1AB | SC999001
        MUM   | 01/05/{y - 2}   | S   | C2 | N2  | K2    | PR4            |                 |     |                     | ZZ99 1AA  | ZZ99 1AC | 9990002
        SHORT | 04/05/{y - 1}   | S   | V3 | N2  | R1    | PR4            | 11/05/{y - 1}   | E4A |                     |           |          |
        SHORT | 03/08/{y - 1}   | S   | V3 | N2  | R1    | PR4            | 10/08/{y - 1}   | E4A |                     |           |          |
        PLAN  | 20/01/{y - 3}   | S   | C2 | N1  | U6    | PR1            | 11/11/{y - 1}   | X1  |                     | ZZ99 1AA  | ZZ99 1AB | SC999001
        PLAN  | 11/11/{y - 1}   | L   | E1 | N1  | U6    | PR1            |                 |     |                     | ZZ99 1AA  | ZZ99 1AB | SC999001
        SMALL | 01/02/{y - 2}   | S   | C1 | N1  | U6    | PR1            |                 |     |                     | ZZ99 1AA  | ZZ99 1AB | SC999001
        TEEN  | 09/09/{y - 2}   | S   | C2 | N6  | U6    | PR1            | 02/06/{y - 1}   | X1  |                     | ZZ99 1AA  | ZZ99 1AB | SC999001
        TEEN  | 02/06/{y - 1}   | P   | C2 | N6  | T3    |                | 09/06/{y - 1}   | X1  |                     | ZZ99 1AA  | ZZ99 1AB |
        TEEN  | 09/06/{y - 1}   | P   | C2 | N6  | U6    | PR1            | 08/12/{y - 1}   | X1  | CREQB               | ZZ99 1AA  | ZZ99 1AB | SC999001
        TEEN  | 08/12/{y - 1}   | P   | C2 | N6  | K2    | PR4            |                 |     |                     | ZZ99 1AA  | ZZ99 1AC | 9990002
    """)
    year_long = ("LONG", "MUM", "PLAN", "SMALL", "TEEN")
    oc2 = [
        {
            "CHILD": child,
            "DOB": born[child],
            "SDQ_SCORE": "12",
            "SDQ_REASON": "",
            "CONVICTED": "0" if child in {"LONG", "MUM", "TEEN"} else "",
            "HEALTH_CHECK": "1" if child == "SMALL" else "",
            "IMMUNISATIONS": "1",
            "TEETH_CHECK": "1",
            "HEALTH_ASSESSMENT": "1",
            "SUBSTANCE_MISUSE": "1" if child == "TEEN" else "0",
            "INTERVENTION_RECEIVED": "1" if child == "TEEN" else "",
            "INTERVENTION_OFFERED": "",
        }
        for child in year_long
    ]
    reviews = [
        {"CHILD": child, "DOB": born[child], "REVIEW": date, "REVIEW_CODE": code}
        for child, dates, code in (
            ("LONG", (f"15/05/{y - 1}", f"12/11/{y - 1}"), "PN1"),
            ("BABY", (f"10/07/{y - 1}",), "PN0"),
            ("HOME", (f"28/07/{y - 1}", f"20/10/{y - 1}"), "PN1"),
            ("ALONE", (f"15/09/{y - 1}", f"10/12/{y - 1}"), "PN2"),
            ("MUM", (f"20/06/{y - 1}", f"02/12/{y - 1}"), "PN1"),
            ("PLAN", (f"04/04/{y - 1}", f"25/09/{y - 1}", f"18/03/{y}"), "PN1"),
            ("SMALL", (f"02/08/{y - 1}", f"25/01/{y}"), "PN1"),
            ("TEEN", (f"30/06/{y - 1}", f"10/12/{y - 1}"), "PN4"),
        )
        for date in dates
    ]
    tables: dict[str, Rows] = {
        "header": header,
        "episodes": episodes,
        "uasc": [{"CHILD": "ALONE", "SEX": boy, "DOB": born["ALONE"], "DUC": f"15/11/{y + 1}"}],
        "reviews": reviews,
        "oc2": oc2,
        "oc3": [{"CHILD": "LEFT", "DOB": born["LEFT"], "IN_TOUCH": "YES", "ACTIV": "F2", "ACCOM": "U1"}],
        "ad1": [
            {
                "CHILD": "BABY",
                "DOB": born["BABY"],
                "DATE_INT": f"01/12/{y - 2}",
                "DATE_MATCH": f"05/01/{y - 1}",
                "FOSTER_CARE": "0",
                "NB_ADOPTR": "2",
                "SEX_ADOPTR": "MF",
                "LS_ADOPTR": "L11",
            }
        ],
        "placed_adoption": table(f"""
            CHILD | DOB              | DATE_PLACED   | DATE_PLACED_CEASED | REASON_PLACED_CEASED
            BABY  | {born["BABY"]}   | 01/12/{y - 2} |                    |
            PLAN  | {born["PLAN"]}   | 05/10/{y - 1} |                    |
        """),
        "prev_perm": [
            {"CHILD": child, "DOB": born[child], "PREV_PERM": "Z1", "LA_PERM": "", "DATE_PERM": ""}
            for child in ("HOME", "SHORT")
        ]
        + [
            {
                "CHILD": "ALONE",
                "DOB": born["ALONE"],
                "PREV_PERM": "P2",
                "LA_PERM": "999",
                "DATE_PERM": f"zz/zz/{y - 5}",
            }
        ],
        "missing": table(f"""
            CHILD | DOB              | MISSING | MIS_START     | MIS_END
            TEEN  | {born["TEEN"]}   | M       | 01/10/{y - 1} | 03/10/{y - 1}
            TEEN  | {born["TEEN"]}   | A       | 20/02/{y}     | 21/02/{y}
        """),
        "social_worker": [
            {
                "CHILD": child,
                "DOB": born[child],
                "SW_ID": f"SW{number:04d}",
                "SW_DECOM": start,
                "SW_DEC": end,
                "SW_REASON": "FCONTA",
            }
            for number, (child, start, end) in enumerate(
                (
                    ("LONG", f"10/06/{y - 4}", ""),
                    ("BABY", f"12/02/{y - 3}", ""),
                    ("HOME", f"06/07/{y - 1}", ""),
                    ("ALONE", f"23/08/{y - 1}", ""),
                    ("MUM", f"01/05/{y - 2}", ""),
                    ("PLAN", f"20/01/{y - 3}", ""),
                    ("SMALL", f"01/02/{y - 2}", ""),
                    ("TEEN", f"09/09/{y - 2}", ""),
                    ("LEFT", f"01/05/{y - 3}", ""),
                ),
                start=1,
            )
        ],
        "dolo": [
            {
                "CHILD": "HOME",
                "DOB": born["HOME"],
                "DOLO_START": f"10/09/{y - 1}",
                "DOLO_END": f"10/10/{y - 1}",
            }
        ],
    }
    return _year_before(tables, y) if last else tables


def _year_before(tables: dict[str, Rows], y: int) -> dict[str, Rows]:
    """The same children a year earlier: what had begun by then, and still open what ended since."""
    starts = {
        "episodes": ("DECOM", "DEC", "REC", "REASON_PLACE_CHANGE"),
        "missing": ("MIS_START", "MIS_END"),
        "social_worker": ("SW_DECOM", "SW_DEC"),
        "placed_adoption": ("DATE_PLACED", "DATE_PLACED_CEASED", "REASON_PLACED_CEASED"),
        "dolo": ("DOLO_START", "DOLO_END"),
    }

    def before(date: str, limit: tuple[int, int, int] = (y - 1, 3, 31)) -> bool:
        day, month, year = map(int, date.split("/"))
        return (year, month, day) <= limit

    kept: dict[str, Rows] = {}
    for name, rows in tables.items():
        if name in starts:
            start, end, *more = starts[name]
            kept[name] = [
                row if not row[end] or before(row[end]) else {**row, end: "", **dict.fromkeys(more, "")}
                for row in map(dict, rows)
                if before(row[start])
            ]
    kept["episodes"] += table(f"""
        CHILD | DECOM         | RNE | LS | CIN | PLACE | PLACE_PROVIDER | DEC           | REC | REASON_PLACE_CHANGE | HOME_POST | PL_POST  | URN
        BABY  | 12/02/{y - 3} | S   | C1 | N1  | U6    | PR1            | 15/01/{y - 1} | X1  | CARPL               | ZZ99 1AA  | ZZ99 1AB | SC999001
        LEFT  | 01/05/{y - 5} | S   | C2 | N1  | U6    | PR1            | 02/08/{y - 2} | E5  |                     | ZZ99 1AA  | ZZ99 1AB | SC999001
    """)
    here = {row["CHILD"] for row in kept["episodes"]}
    kept["header"] = [dict(row) for row in tables["header"] if row["CHILD"] in here]
    for name in ("oc2", "oc3"):
        kept[name] = [dict(row) for row in tables[name] if row["CHILD"] in here]
    for name in ("uasc", "reviews", "ad1", "prev_perm"):
        kept[name] = []
    return kept


def cin_census(year: int, *, last: bool = False) -> dict[str, Rows]:
    """The children in need census of one year. It has no rules across years: `last` is the same story earlier."""
    y = year - last
    sex = ("Sex", "F", "M", "U") if y >= 2025 else ("GenderCurrent", "2", "1", "0")
    column, girl, boy, unborn = sex
    identifiers = table(f"""
        LAchildID | UPN         | FormerUPN    | UPNunknown | PersonBirthDate | ExpectedPersonBirthDate | Sex      | PersonDeathDate
        A1        | {upn(101)}  |              |            | {y - 9}-05-05   |                         | {girl}   |
        A2        | {upn(102)}  | {upn(202)}   |            | {y - 7}-09-12   |                         | {boy}    |
        A3        |             |              | UN2        | {y - 15}-02-20  |                         | {boy}    |
        A4        |             |              | UN1        |                 | {y}-05-20               | {unborn} |
        A5        | {upn(105)}  |              |            | {y - 11}-12-01  |                         | {girl}   |
        A6        |             |              | UN7        | {y - 6}-01-15   |                         | {girl}   |
        A7        | {upn(107)}  |              |            | {y - 13}-07-30  |                         | {boy}    | {y}-02-10
    """)
    for row in identifiers:
        row[column] = row.pop("Sex")
    disabilities = ["MOB", "HAND", "PC", "INC", "COMM", "LD", "HEAR", "VIS", "BEH"]
    tables: dict[str, Rows] = {
        "header": [
            {
                "Collection": "CIN",
                "Year": str(y),
                "ReferenceDate": f"{y}-03-31",
                "SourceLevel": "L",
                "LEA": "990",
                "SoftwareCode": "tre-toolkit",
                "Release": "1",
                "SerialNo": "001",
                "DateTime": f"{y}-05-01T09:00:00",
            }
        ],
        "child_identifiers": identifiers,
        "child_characteristics": [
            {"LAchildID": row["LAchildID"], "Ethnicity": "WBRI"} for row in identifiers
        ],
        "disabilities": [{"LAchildID": "A1", "Disability": code} for code in disabilities]
        + [{"LAchildID": child, "Disability": "NONE"} for child in ("A2", "A3", "A5", "A7")],
        "cin_details": table(f"""
            LAchildID | CINdetailsID | CINreferralDate | ReferralSource | PrimaryNeedCode | CINclosureDate | ReasonForClosure | DateOfInitialCPC | ReferralNFA
            A1        | 1            | {y - 1}-06-02   | 2A             | N1              |                |                  |                  | 0
            A2        | 1            | {y - 1}-04-10   | 6              | N5              | {y - 1}-09-30  | RC7              |                  | 0
            A2        | 2            | {y - 1}-11-20   | 1B             | N5              | {y}-01-20      | RC8              |                  | false
            A3        | 1            | {y - 2}-10-01   | 5D             | N2              |                |                  |                  | 0
            A4        | 1            | {y}-02-01       | 3A             | N1              |                |                  |                  | 0
            A5        | 1            | {y - 1}-05-12   | 4              | N1              | {y}-03-03      | RC7              |                  | 0
            A6        | 1            | {y - 1}-08-08   | 9              |                 |                |                  |                  | 1
            A7        | 1            | {y - 1}-10-10   | 5A             | N3              | {y}-02-12      | RC2              |                  | 0
        """),
        "assessments": table(f"""
            LAchildID | CINdetailsID | AssessmentID | AssessmentActualStartDate | AssessmentInternalReviewDate | AssessmentAuthorisationDate
            A1        | 1            | 1            | {y - 1}-06-03             | {y - 1}-06-20                | {y - 1}-07-10
            A1        | 1            | 2            | {y}-03-01                 |                              |
            A2        | 1            | 1            | {y - 1}-04-11             |                              | {y - 1}-05-20
            A2        | 2            | 1            | {y - 1}-11-21             |                              | {y}-01-19
            A4        | 1            | 1            | {y}-02-03                 |                              |
            A5        | 1            | 1            | {y - 1}-05-13             |                              | {y - 1}-06-20
            A7        | 1            | 1            | {y - 1}-10-12             |                              | {y - 1}-11-20
        """),
        "assessment_factors": table("""
            LAchildID | CINdetailsID | AssessmentID | AssessmentFactors
            A1        | 1            | 1            | 3B
            A1        | 1            | 1            | 4B
            A2        | 1            | 1            | 16A
            A2        | 2            | 1            | 21
            A5        | 1            | 1            | 2B
            A7        | 1            | 1            | 6B
        """),
        "cin_plans": table(f"""
            LAchildID | CINdetailsID | CINPlanStartDate | CINPlanEndDate
            A1        | 1            | {y - 1}-07-15    |
            A2        | 1            | {y - 1}-05-25    | {y - 1}-08-01
            A2        | 1            | {y - 1}-08-10    | {y - 1}-09-30
            A3        | 1            | {y - 1}-01-10    |
        """),
        "section47": table(f"""
            LAchildID | CINdetailsID | S47ActualStartDate | InitialCPCtarget | DateOfInitialCPC | ICPCnotRequired
            A5        | 1            | {y - 1}-05-20      | {_weekday(y - 1, 6, 10)} | {_weekday(y - 1, 6, 9)} | 0
            A5        | 1            | {y - 1}-08-20      |                  |                  | 1
        """),
        "child_protection_plans": table(f"""
            LAchildID | CINdetailsID | CPPID | CPPstartDate            | CPPendDate | InitialCategoryOfAbuse | LatestCategoryOfAbuse | NumberOfPreviousCPP
            A5        | 1            | 1     | {_weekday(y - 1, 6, 9)} | {y}-03-01  | NEG                    | NEG                   | 0
        """),
        "cpp_reviews": table(f"""
            LAchildID | CINdetailsID | CPPID | CPPreviewDate
            A5        | 1            | 1     | {y - 1}-09-01
            A5        | 1            | 1     | {y}-02-10
        """),
        "pre_proceedings_fgdm": [],
    }
    return tables


def _weekday(year: int, month: int, day: int) -> str:
    """That day, or the Monday after it when it is a weekend."""
    from datetime import date, timedelta

    found = date(year, month, day)
    while found.weekday() > 4:
        found += timedelta(days=1)
    return found.isoformat()


def as_return(name: str, year: int, *, tables: dict[str, Rows] | None = None, last: bool = False):
    """The drawn tables (or others of their shape) as a `Return` of authority 990."""
    import pyarrow as pa

    from tre_toolkit.returns import Return, cells
    from tre_toolkit.schema import schema

    drawn = tables if tables is not None else globals()[name](year + last, last=last)
    frames = {}
    for one in schema(name, year).tables:
        rows = drawn.get(one.name, [])
        columns = {
            column: pa.array([row.get(column) or None for row in rows], pa.large_string())
            for column in one.columns
        }
        frames[one.name] = cells.frame(pa.table(columns), one)
    return Return(
        dataset=name,
        year=year,
        term=None,
        authority="990",
        tables=frames,
        rows_read=sum(len(frame) for frame in frames.values()),
        synthetic=True,
    )
