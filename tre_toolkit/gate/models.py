"""What the gate remembers. Rows of votes, comments and events are added and never changed in meaning."""

from __future__ import annotations

from django.db import models

from tre_toolkit.gate.policies import Case, Role, Who
from tre_toolkit.gate.states import State


def _choices(kinds: type[Role] | type[State]) -> list[tuple[str, str]]:
    return [(str(kind), str(kind).replace("_", " ")) for kind in kinds]


class Person(models.Model):
    """A human being. May hold several accounts; votes count once."""

    name = models.CharField(max_length=200, unique=True)

    def __str__(self) -> str:
        return str(self.name)


class Project(models.Model):
    """What a request is for; members of one never check its outputs."""

    name = models.CharField(max_length=100, unique=True)

    def __str__(self) -> str:
        return str(self.name)


class Member(models.Model):
    person = models.ForeignKey(Person, models.PROTECT, related_name="memberships")
    project = models.ForeignKey(Project, models.PROTECT, related_name="memberships")

    class Meta:
        constraints = (models.UniqueConstraint(fields=["person", "project"], name="member_once"),)


class Account(models.Model):
    """A way in. `stamp` changes with the password or role and ends every open session."""

    login = models.CharField(max_length=80, unique=True)
    person = models.ForeignKey(Person, models.PROTECT, related_name="accounts")
    password = models.CharField(max_length=256)
    role = models.CharField(max_length=20, choices=_choices(Role))
    active = models.BooleanField(default=True)
    source = models.CharField(max_length=10, default="local")
    totp = models.CharField(max_length=64, blank=True)
    totp_step = models.BigIntegerField(default=0)
    failures = models.IntegerField(default=0)
    locked_until = models.DateTimeField(null=True)
    stamp = models.CharField(max_length=32)
    created = models.DateTimeField(auto_now_add=True)
    fresh = False  # not kept: signed in by password (and code) with this very call, and not by a session

    def __str__(self) -> str:
        return str(self.login)

    @property
    def who(self) -> Who:
        projects = frozenset(m.project_id for m in self.person.memberships.all())
        return Who(self.person_id, Role(self.role), projects, self.active)


class Request(models.Model):
    """A wish to let files out."""

    project = models.ForeignKey(Project, models.PROTECT)
    author = models.ForeignKey(Person, models.PROTECT)
    account = models.ForeignKey(Account, models.PROTECT)
    title = models.CharField(max_length=200)
    context = models.TextField()
    state = models.CharField(max_length=12, choices=_choices(State), default="draft", db_index=True)
    turn = models.IntegerField(default=1)
    version = models.IntegerField(default=1)  # goes up with every change; a stale page's action is refused
    created = models.DateTimeField(auto_now_add=True)
    moved = models.DateTimeField()
    submitted = models.DateTimeField(null=True, db_index=True)

    def __str__(self) -> str:
        return str(self.pk)

    def case(self, *, reviewers: int) -> Case:
        voters = frozenset(Vote.objects.filter(request=self).values_list("person_id", flat=True))
        done = Review.objects.filter(request=self, turn=self.turn).count()
        return Case(
            state=State(self.state),
            project=self.project_id,
            author=self.author_id,
            members=frozenset(self.project.memberships.values_list("person_id", flat=True)),
            voters=voters,
            reviews_in=done >= reviewers,
            contributors=frozenset(
                FileVersion.objects.filter(file__request=self).values_list("added_by_id", flat=True)
            ),
        )


class RequestFile(models.Model):
    """A place in a request; `kind` is output (leaves) or supporting (helps the reviewers, stays)."""

    request = models.ForeignKey(Request, models.PROTECT, related_name="files")
    path = models.CharField(max_length=1024)
    folded = models.CharField(max_length=1024)  # case-folded: twins are refused
    kind = models.CharField(max_length=12, default="output")
    removed = models.DateTimeField(null=True)

    class Meta:
        constraints = (models.UniqueConstraint(fields=["request", "folded"], name="no_twins"),)


class FileVersion(models.Model):
    """Bytes that stood in a place: named by their digest."""

    file = models.ForeignKey(RequestFile, models.PROTECT, related_name="versions")
    sha256 = models.CharField(max_length=64, db_index=True)
    size = models.BigIntegerField()
    type = models.CharField(max_length=12)
    evidence = models.CharField(
        max_length=64, blank=True
    )  # digest of its evidence file, "" when it came without
    checked = models.BooleanField(default=False)  # whether the machine has looked at it
    evidence_name = models.CharField(max_length=300, blank=True)
    standing = models.CharField(max_length=10, default="none")  # none, claimed, verified or differs
    turn = models.IntegerField()
    current = models.BooleanField(default=True)
    added = models.DateTimeField(auto_now_add=True)
    added_by = models.ForeignKey(Person, models.PROTECT)

    class Meta:
        constraints = (
            models.UniqueConstraint(
                fields=["file"], condition=models.Q(current=True), name="one_current_version"
            ),
        )


class Finding(models.Model):
    """What the machine says of one version; it is evidence and never a vote."""

    version = models.ForeignKey(FileVersion, models.PROTECT, related_name="findings")
    verdict = models.CharField(max_length=8)  # PASS, REVIEW or FAIL
    rule = models.CharField(max_length=80)
    where = models.CharField(max_length=300, blank=True)
    message = models.TextField()
    fix = models.TextField(blank=True)


class Waiver(models.Model):
    """A typed exception: this rule, on these bytes, for this reason, until then."""

    version = models.ForeignKey(FileVersion, models.PROTECT, related_name="waivers")
    rule = models.CharField(max_length=80)
    reason = models.TextField()
    asked_by = models.ForeignKey(Person, models.PROTECT, related_name="+")
    decided_by = models.ForeignKey(Person, models.PROTECT, null=True, related_name="+")
    granted = models.BooleanField(null=True)
    expires = models.DateTimeField(null=True)
    asked = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = (models.UniqueConstraint(fields=["version", "rule"], name="one_waiver_a_rule"),)


class Vote(models.Model):
    """One person's word on one digest in one turn. Sealed (only `ballot` is known) until all reviews are in."""

    request = models.ForeignKey(Request, models.PROTECT, related_name="votes")
    version = models.ForeignKey(FileVersion, models.PROTECT, related_name="votes")
    sha256 = models.CharField(max_length=64)
    turn = models.IntegerField()
    person = models.ForeignKey(Person, models.PROTECT, related_name="votes")
    account = models.ForeignKey(Account, models.PROTECT)
    approve = models.BooleanField()
    note = models.TextField(blank=True)
    nonce = models.CharField(max_length=32)
    ballot = models.CharField(max_length=64)
    at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = (
            models.UniqueConstraint(fields=["version", "turn", "person"], name="one_vote_a_person"),
        )


class Review(models.Model):
    """One person's review of one turn is in: every file has their vote."""

    request = models.ForeignKey(Request, models.PROTECT, related_name="reviews")
    turn = models.IntegerField()
    person = models.ForeignKey(Person, models.PROTECT)
    at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = (
            models.UniqueConstraint(fields=["request", "turn", "person"], name="one_review_a_person"),
        )


class Comment(models.Model):
    """Said in a turn; retracted but never deleted."""

    request = models.ForeignKey(Request, models.PROTECT, related_name="comments")
    file = models.ForeignKey(RequestFile, models.PROTECT, null=True, related_name="comments")
    turn = models.IntegerField()
    person = models.ForeignKey(Person, models.PROTECT)
    body = models.TextField()
    for_checkers = models.BooleanField(default=False)
    at = models.DateTimeField(auto_now_add=True)
    retracted = models.DateTimeField(null=True)


class Release(models.Model):
    """A request's one release. `placed` is set when the bag stands in its folder."""

    request = models.OneToOneField(Request, models.PROTECT, related_name="release")
    number = models.CharField(max_length=24, unique=True)
    folder = models.CharField(max_length=4096)
    staged = models.CharField(max_length=4096)
    manifest = models.CharField(max_length=64, blank=True)  # SHA-256 of release.json, once it is committed
    by = models.ForeignKey(Person, models.PROTECT, related_name="+")
    at = models.DateTimeField(auto_now_add=True)
    committed = models.DateTimeField(null=True)
    placed = models.DateTimeField(null=True)


class Recall(models.Model):
    """A release taken back: its number goes on the signed list of revocations."""

    release = models.OneToOneField(Release, models.PROTECT, related_name="recall")
    reason = models.TextField()
    by = models.ForeignKey(Person, models.PROTECT)
    at = models.DateTimeField(auto_now_add=True)


class Journal(models.Model):
    """The chain of events. The database refuses to change or delete a row (see the migration)."""

    number = models.BigIntegerField(primary_key=True)
    line = models.TextField()
