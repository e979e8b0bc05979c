"""How quick the gate's pages are: queries and CPU time of the queue, a request and a file, by the size of the gate.

`python tests/benchmarks/bench_gate.py [REQUESTS]` prints one line a page; times are CPU of this process, the median of
eleven calls through the whole stack (middleware, session, templates).
"""

from __future__ import annotations

import statistics
import sys
import tempfile
import time
from io import BytesIO
from pathlib import Path
from typing import Any

from tre_toolkit.gate import accounts, folder, orm, store
from tre_toolkit.gate.orm import models
from tre_toolkit.gate.policies import Role
from tre_toolkit.keyfile import Cost

FILES = 11
PASSWORD = "violet kettle 4141"


def fill(place: Path, count: int) -> Any:
    """A gate with `count` open requests of eleven files each, every file with three findings."""
    from django.utils import timezone

    gate = folder.new_gate(place / "gate", b"quiet orange lamp 77", cost=Cost(64, 1, 1))
    ada = accounts.add(gate, "ada", role=Role.RESEARCHER, person="Ada", password=PASSWORD)
    accounts.add(gate, "ben", role=Role.CHECKER, person="Ben", password=PASSWORD)
    table = "area,n,share\n" + "".join(f"North {n},{n + 20},{n % 100}\n" for n in range(2000))
    sha256, size = store.put(gate, BytesIO(table.encode()))
    now, project = timezone.now(), models.Project.objects.get()
    with orm.change():
        made = models.Request.objects.bulk_create(
            models.Request(
                project=project,
                author=ada.person,
                account=ada,
                title=f"Request {n}",
                context="x" * 200,
                state="submitted",
                moved=now,
                submitted=now,
            )
            for n in range(count)
        )
        files = models.RequestFile.objects.bulk_create(
            models.RequestFile(request=r, path=f"t{n}.csv", folded=f"t{n}.csv")
            for r in made
            for n in range(FILES)
        )
        versions = models.FileVersion.objects.bulk_create(
            models.FileVersion(
                file=f, sha256=sha256, size=size, type="csv", turn=1, added_by=ada.person, checked=True
            )
            for f in files
        )
        models.Finding.objects.bulk_create(
            models.Finding(
                version=v, verdict="REVIEW", rule=f"rule-{n}", where=f"row {n + 5}", message="look"
            )
            for v in versions
            for n in range(3)
        )
    return gate


def measure(client: Any, path: str) -> tuple[int, float]:
    """Queries of one call and the median of its CPU milliseconds."""
    from django.db import connection

    seen: list[str] = []

    def count(execute: Any, sql: str, *rest: Any) -> Any:
        seen.append(sql)
        return execute(sql, *rest)

    client.get(path)  # the first call also writes the session
    with connection.execute_wrapper(count):
        answer = client.get(path)
    assert answer.status_code == 200, answer.status_code
    spans = []
    for _ in range(11):
        started = time.process_time()
        client.get(path)
        spans.append(1000 * (time.process_time() - started))
    return len(seen), statistics.median(spans)


def main(count: int = 1000) -> dict[str, tuple[int, float]]:
    """Measure and print; what was measured."""
    from django.test import Client

    from tre_toolkit.gate.web.server import make_app

    with tempfile.TemporaryDirectory() as place:
        gate = fill(Path(place), count)
        make_app(gate)
        client = Client(**{"tre.gate": gate, "HTTP_HOST": "localhost"})
        assert client.post("/sign-in", {"login": "ben", "password": PASSWORD}).status_code == 302
        first = models.Request.objects.order_by("pk")[0]
        version = models.FileVersion.objects.filter(file__request=first).order_by("pk")[0].pk
        found = {
            f"queue of {count:,}": measure(client, "/queue"),
            "request of 11 files": measure(client, f"/requests/{first.pk}"),
            "file beside findings": measure(client, f"/requests/{first.pk}/files/{version}"),
            "2,000 rows with marks": measure(client, f"/requests/{first.pk}/files/{version}/content"),
        }
        orm.close()
    for page, (queries, spent) in found.items():
        sys.stdout.write(f"{page:<24} {queries:>3} queries  {spent:7.1f} ms\n")
    return found


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
