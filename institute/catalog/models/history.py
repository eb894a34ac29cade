from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q

from institute.catalog.enums import Change
from institute.core.models import AppendOnly, Entity

SHA1_FORM = "^[0-9a-f]{40}$"


class Tree(AppendOnly):
    """A git tree; shared by all commits that hold it."""

    sha1 = models.CharField(max_length=40, primary_key=True)

    class Meta:
        constraints = [models.CheckConstraint(condition=Q(sha1__regex=SHA1_FORM), name="tree_sha1_form")]

    def __str__(self) -> str:
        return self.sha1[:12]


class TreeEntry(AppendOnly):
    """One line of a tree: a file with its bytes, or a folder with its tree.

    `sha1` is the id of the git object: of the file itself, or of its LFS pointer. `size` is the file's own.
    """

    tree = models.ForeignKey(Tree, on_delete=models.PROTECT, related_name="entries")
    name = models.CharField(max_length=255)
    mode = models.CharField(max_length=6)
    sha1 = models.CharField(max_length=40)
    blob = models.ForeignKey("catalog.Blob", on_delete=models.PROTECT, null=True, related_name="entries")
    size = models.BigIntegerField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["tree", "name"], name="tree_entry_once"),
            models.CheckConstraint(condition=Q(sha1__regex=SHA1_FORM), name="tree_entry_sha1_form"),
            models.CheckConstraint(
                condition=Q(mode="40000", blob__isnull=True, size__isnull=True)
                | Q(mode__in=["100644", "100755"], blob__isnull=False, size__isnull=False),
                name="tree_entry_file_or_folder",
            ),
        ]

    def __str__(self) -> str:
        return self.name


class Commit(Entity, AppendOnly):
    """A git commit of one artefact. Times are whole seconds with their zone, as git keeps them."""

    artifact = models.ForeignKey("catalog.Artifact", on_delete=models.PROTECT, related_name="commits")
    sha1 = models.CharField(max_length=40)
    parents = ArrayField(models.CharField(max_length=40), default=list, blank=True)
    tree = models.ForeignKey(Tree, on_delete=models.PROTECT, related_name="commits")
    author_name = models.CharField(max_length=200)
    author_email = models.CharField(max_length=254)
    authored_at = models.DateTimeField()
    authored_zone = models.CharField(max_length=5, default="+0000")
    committer_name = models.CharField(max_length=200)
    committer_email = models.CharField(max_length=254)
    committed_at = models.DateTimeField()
    committed_zone = models.CharField(max_length=5, default="+0000")
    message = models.TextField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["artifact", "sha1"], name="commit_once"),
            models.CheckConstraint(condition=Q(sha1__regex=SHA1_FORM), name="commit_sha1_form"),
        ]
        indexes = [models.Index(fields=["artifact", "-id"], name="commit_newest")]

    def __str__(self) -> str:
        return self.sha1[:12]

    @property
    def title(self) -> str:
        """The first line of the message."""
        return self.message.partition("\n")[0]


class PathChange(AppendOnly):
    """One path that a commit changed; the newest one of a path names its last commit."""

    commit = models.ForeignKey(Commit, on_delete=models.PROTECT, related_name="changes")
    path = models.CharField(max_length=1024)
    change = models.CharField(max_length=16, choices=Change.choices)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["commit", "path"], name="path_change_once"),
            models.CheckConstraint(condition=Q(change__in=Change.values), name="path_change_known"),
        ]

    def __str__(self) -> str:
        return f"{self.path} {self.change}"


class Ref(Entity):
    """A name that moves: refs/heads/…, refs/tags/…"""

    artifact = models.ForeignKey("catalog.Artifact", on_delete=models.PROTECT, related_name="refs")
    name = models.CharField(max_length=255)
    commit = models.ForeignKey(Commit, on_delete=models.PROTECT, null=True, related_name="refs")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["artifact", "name"], name="ref_once"),
            models.CheckConstraint(condition=Q(name__startswith="refs/"), name="ref_form"),
        ]

    def __str__(self) -> str:
        return self.name
