"""What the research tests share: small workspaces by hand."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from types import ModuleType

import numpy as np
import pandas as pd
import pytest

import tre_toolkit as tre
from tre_toolkit.research.workspace import Workspace

START = pd.Timestamp("2022-04-01")


def dates(days: np.ndarray) -> list[str]:
    return [str((START + pd.Timedelta(days=int(day))).date()) for day in days]


@pytest.fixture(scope="session")
def frames() -> ModuleType:
    """The helper module `research_frames` beside this file."""
    spec = importlib.util.spec_from_file_location(
        "research_frames", Path(__file__).with_name("research_frames.py")
    )
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="session")
def everything(frames: ModuleType, tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    """1,200 invented children of four authorities with something in every dataset a recipe names."""
    rng, n = np.random.default_rng(5), 1_200
    ids = np.array([f"P{at:05d}" for at in range(n)])
    authority = rng.choice(["990", "991", "992", "993"], n)
    groups = ["WBRI", "WOTH", "MWBC", "ABAN", "APKN", "BCRB", "BAFR", "CHNE", "OOTH"]
    people = pd.DataFrame(
        {
            "person_id": ids, "authority": authority, "sex": rng.choice(["F", "M"], n),
            "ethnicity": rng.choice(groups, n, p=[0.5, 0.1, 0.1, 0.08, 0.08, 0.05, 0.05, 0.02, 0.02]),
            "household_id": [f"H{at // 3}" if at % 10 else None for at in range(n)],
            "band": rng.choice(["certain", "strong", "fair", "alone"], n, p=[0.6, 0.2, 0.1, 0.1]),
            "birth_month": [f"{year}-0{month}-01" for year, month in zip(rng.integers(2005, 2022, n), rng.integers(1, 9, n), strict=True)],
        }
    )  # fmt: skip
    people["mother_id"] = [f"M{at // 3}" if at % 4 else None for at in range(n)]
    people["match_weight"] = people["band"].map({"certain": 20.0, "strong": 5.0, "fair": 1.0})
    came = rng.integers(0, 1_000, n)

    def rows(share: float, **columns: object) -> pd.DataFrame:
        at = np.flatnonzero(rng.random(n) < share)
        frame = pd.DataFrame({"person_id": ids[at], "authority": authority[at], "period": "2025"})
        for name, made in columns.items():
            frame[name] = made(at) if callable(made) else made
        return frame

    def after(low: int, high: int):
        return lambda at: dates(came[at] + rng.integers(low, high, len(at)))

    def some(*values: str):
        return lambda at: rng.choice(values, len(at))

    tables = {
        "cin_census__cin_details": rows(1, CINreferralDate=after(0, 1), CINclosureDate=after(30, 60), ReferralNFA="false", PrimaryNeedCode=some("N1", "N2", "N5")),
        "cin_census__assessments": rows(0.8, AssessmentActualStartDate=after(1, 5), AssessmentAuthorisationDate=after(6, 40)),
        "cin_census__cin_plans": rows(0.5, CINPlanStartDate=after(20, 60), CINPlanEndDate=after(61, 300)),
        "cin_census__child_protection_plans": rows(0.3, CPPstartDate=after(30, 90), CPPendDate=after(91, 400)),
        "cin_census__assessment_factors": rows(0.8, AssessmentFactors=some("3B", "4A", "4B", "10A", "13A", "1B")),
        "ssda903__episodes": pd.concat(
            [rows(0.3, DECOM=after(30, 90), DEC=after(100, 140), LS="C2"), rows(0.25, DECOM=after(200, 300), DEC=None, LS="C2")]
        ),
        "ssda903__missing": rows(0.1, MIS_START=after(91, 200), MIS_END=None),
        "school_census__pupilonroll": rows(0.7, senprovision=some("N", "K", "E")),
        "school_census__senneeds": rows(0.3, sentype=some("SEMH", "ASD")),
        "school_census__fsmperiod": rows(0.4, fsmstartdate="2020-01-01"),
        "school_census__pupilnolongeronroll": rows(0.1, leavingdate="2024-01-01"),
        "school_census__termlyexclusionsonroll": rows(0.2, startdate=after(10, 300)),
        "npd_attainment__ks2": rows(0.5, RWMEXP=some("1", "0")),
        "npd_attainment__ks4": rows(0.5, KS4_ATT8=lambda at: rng.uniform(0, 80, len(at)).astype(str)),
        "npd_absence_exclusions__absence": rows(0.6, OverallAbsence_Annual=lambda at: rng.integers(0, 250, len(at)).astype(str)),
        "npd_absence_exclusions__exclusions": rows(0.2, StartDate=after(10, 300)),
        "cns_register__cns_register": rows(0.1, start_date=after(10, 300), end_date=None),
        "early_help__episodes": rows(0.3, started=after(-90, 0), ended=after(1, 60)),
        "echild__mental_health": pd.concat(
            [rows(0.2, referral_date=after(10, 300), discharge_date=None),
             pd.DataFrame({"person_id": [f"M{at}" for at in range(0, n // 3, 3)], "authority": "990", "period": "2025"})]
        ),
        "echild__hes_ae": rows(0.3, arrivaldate=after(10, 300)),
        "echild__hes_apc": pd.concat([rows(0.3, epistart=after(10, 300))]),
        "echild_mb__mother_baby": rows(0.4, matchstep="1"),
        "leo__employment": rows(0.2, pay="1"),
        "leo__benefits": rows(0.3, benefit_type="UC"),
        "moj_dfe__pnc": rows(0.2, offencestartdate=after(100, 400)),
        "moj_dfe__prison": rows(0.05, custody_start=after(200, 400), custody_end=None),
        "residence__person_residence": rows(0.9, ralf=lambda at: [f"R{one // 3}" for one in at]),
        "census2021_household__household": pd.DataFrame({"period": "2025", "ralf": [f"R{at}" for at in range(400)], "hh_deprivation": rng.choice(["0", "1", "2"], 400)}),
        "social_work_workforce__worker": pd.DataFrame({"authority": rng.choice(["990", "991"], 80), "period": "2025", "Cases30": "16", "FTE30": "0.8"}),
        "s251_placement_costs__outturn_published": pd.DataFrame({"authority": ["990", "991"], "period": "2025", "net": ["100", "200"]}),
        "programme__roll_out": pd.DataFrame({"authority": ["990", "991"], "period": "2025", "started": ["2023-06-01", "2024-01-01"]}),
    }  # fmt: skip
    early = pd.DataFrame(
        {"authority": ["990", "991", "992", "993"], "period": "2023"}
    )  # returns of 2023 to 2025
    about_persons = [name for name, table in tables.items() if "person_id" in table]
    tables |= {name: pd.concat([tables[name], early], ignore_index=True) for name in about_persons}
    return tre.open(frames.make_workspace(tmp_path_factory.mktemp("all") / "w", people, **tables))
