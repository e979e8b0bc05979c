"""A crowd at the pages: two reviewers' 200 votes each at once, fifty clicks on one release; on both databases.

Over HTTP, through `tre gate serve`'s own server and a signer at work: no answer is a 5xx, and each thing happens once.
"""

from __future__ import annotations

import http.client
import os
import re
import threading
from collections import Counter
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlencode

import pytest

from tre_toolkit import audit
from tre_toolkit.gate import orm, requests
from tre_toolkit.gate.orm import models
from tre_toolkit.gate.verify import verify_release
from tre_toolkit.gate.web.server import make_server

PASSWORD = "violet kettle 4141"
FILES = 5
REQUESTS = int(os.environ.get("TRE_GATE_VOTES", "40")) // FILES  # .ci/ordeal asks for 200 votes of each
CLICKS = 50


class Browser:
    """One person's session, over the wire."""

    def __init__(self, port: int, login: str) -> None:
        self.port, self.cookie, self.token = port, "", ""
        self.read("/sign-in")
        assert self.post("/sign-in", {"login": login, "password": PASSWORD}) == 302
        self.read("/help")  # whose form of signing out bears the new session's token

    def read(self, path: str) -> str:
        _, text = self._ask("GET", path)
        if found := re.search(r'name="csrfmiddlewaretoken" value="(\w+)"', text):
            self.token = found[1]
        return text

    def post(self, path: str, words: dict[str, str]) -> int:
        return self._ask("POST", path, urlencode({**words, "csrfmiddlewaretoken": self.token}))[0]

    def _ask(self, method: str, path: str, body: str | None = None) -> tuple[int, str]:
        line = http.client.HTTPConnection("127.0.0.1", self.port, timeout=300)
        headers = {"Cookie": self.cookie, "Content-Type": "application/x-www-form-urlencoded"}
        line.request(method, path, body, headers)
        answer = line.getresponse()
        text = answer.read().decode()
        if kept := answer.getheader("Set-Cookie"):
            self.cookie = kept.partition(";")[0]
        line.close()
        return answer.status, text


def at_once(works: list[Any]) -> list[Any]:
    """Run all at the same instant, each in a thread of its own; what each answered."""
    answers: list[Any] = [None] * len(works)
    start = threading.Barrier(len(works))

    def run(at: int) -> None:
        start.wait()
        answers[at] = works[at]()

    threads = [threading.Thread(target=run, args=(at,)) for at in range(len(works))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return answers


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def crowded(request: pytest.FixtureRequest) -> Any:
    return request.getfixturevalue("house" if request.param == "sqlite" else "pg_house")


@pytest.fixture
def port(crowded: Any) -> Iterator[int]:
    server = make_server(crowded.gate, "127.0.0.1", 0)
    crowded.start_signer()
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield server.server_port
    server.shutdown()
    server.server_close()
    thread.join()
    orm.close()


def test_two_hundred_votes_of_each_of_two_people_at_once_all_count_once(crowded: Any, port: int) -> None:
    house, names = crowded, [f"t{n}.csv" for n in range(FILES)]
    keys = []
    for _ in range(REQUESTS):
        for name in names:
            house.write(name)
        key = str(requests.new(house.gate, house.ada, title="Regions", context="c" * 20).pk)
        requests.add(house.gate, house.ada, key, house.workspace, names)
        requests.submit(house.gate, house.ada, key)
        keys.append(key)
    people = [Browser(port, "ben"), Browser(port, "cam")]
    orm.close()
    answers = at_once(
        [
            lambda b=b, k=k, n=n: b.post(f"/requests/{k}/do/vote", {"approve": "yes", "file": n})
            for b in people
            for k in keys
            for n in names
        ]
    )
    assert Counter(answers) == {302: 2 * REQUESTS * FILES}
    assert {house.state(key) for key in keys} == {"approved"}
    assert models.Vote.objects.count() == 2 * REQUESTS * FILES
    assert models.Review.objects.count() == 2 * REQUESTS
    told = [
        audit.parse(line) for line in models.Journal.objects.order_by("number").values_list("line", flat=True)
    ]
    assert sum(e.name == "vote cast" for e in told) == 2 * REQUESTS * FILES
    assert Counter(e.facts["request"] for e in told if e.facts.get("to") == "approved") == {
        int(k): 1 for k in keys
    }
    assert audit.verify(house.gate.log) == len(told)


def test_fifty_clicks_on_one_release_let_it_go_once(crowded: Any, port: int) -> None:
    house = crowded
    key, dee = house.approved(), Browser(port, "dee")
    orm.close()
    answers = at_once([lambda: dee.post(f"/requests/{key}/do/release", {}) for _ in range(CLICKS)])
    assert answers.count(302) == 1
    assert all(400 <= answer < 500 for answer in answers if answer != 302), Counter(answers)
    assert models.Release.objects.count() == 1
    assert [p.name for p in (house.gate.folder / "out").iterdir()] == [f"request-{int(key):04d}"]
    verify_release(house.gate.folder / "out" / f"request-{int(key):04d}", house.gate.verifier())
    lines = models.Journal.objects.values_list("line", flat=True)
    assert sum('"to":"released"' in line for line in lines) == 1
