"""How the API writes artefacts, revisions and papers, and what it reads."""

from typing import Any, ClassVar

from rest_framework import serializers

from institute.catalog.enums import ArtifactKind, CreditRole, PublicationKind, PublicationRelation
from institute.catalog.models import Artifact, Commit, Credit, EvaluationResult, Publication, PublicationLink, Revision


class ArtifactSerializer(serializers.ModelSerializer[Artifact]):
    """A model, data set or code base."""

    id = serializers.CharField(source="public_id", read_only=True)
    handle = serializers.CharField(source="namespace.name", read_only=True)
    url = serializers.CharField(source="get_absolute_url", read_only=True)
    latest = serializers.CharField(source="latest.public_id", default=None, read_only=True)

    class Meta:
        model = Artifact
        fields = (
            *("id", "kind", "handle", "name", "url", "summary", "tags", "licence", "status", "visibility"),
            *("latest", "published_at", "created_at"),
        )
        read_only_fields = fields


class ArtifactInput(serializers.Serializer[Any]):
    """A new artefact."""

    kind = serializers.ChoiceField(choices=ArtifactKind.choices)
    handle = serializers.CharField(max_length=96)
    name = serializers.CharField(max_length=96)
    summary = serializers.CharField(max_length=300, default="", allow_blank=True)


class UploadSerializer(serializers.Serializer[Any]):
    """Bytes that are kept now and may be named in a commit until `expires_at`."""

    sha256 = serializers.CharField(source="blob_id")
    size = serializers.IntegerField(source="blob.size")
    expires_at = serializers.DateTimeField()


class UploadInput(serializers.Serializer[Any]):
    """A file as multipart/form-data."""

    file = serializers.FileField(allow_empty_file=True)


class ChangeInput(serializers.Serializer[Any]):
    """One change: `put` a path with bytes known by their hash or given as text, or `delete` a path."""

    op = serializers.ChoiceField(choices=["put", "delete"])
    path = serializers.CharField(max_length=4096, trim_whitespace=False)
    sha256 = serializers.RegexField("^[0-9a-f]{64}$", required=False)
    text = serializers.CharField(max_length=1024 * 1024, required=False, allow_blank=True, trim_whitespace=False)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """A put has exactly one of hash and text, a delete neither."""
        given = len({"sha256", "text"} & attrs.keys())
        if given != (1 if attrs["op"] == "put" else 0):
            raise serializers.ValidationError("A put needs sha256 or text, a delete neither.")
        return attrs


class CommitInput(serializers.Serializer[Any]):
    """One commit; `parent` is the id of the commit that it was made from, "" for the first."""

    message = serializers.CharField(max_length=10_000)
    parent = serializers.CharField(  # type: ignore[assignment]  # the wire's name for it
        max_length=40, required=False, allow_blank=True
    )
    changes = serializers.ListField(child=ChangeInput(), allow_empty=False, max_length=1000)


class CommitSerializer(serializers.ModelSerializer[Commit]):
    """A commit."""

    id = serializers.CharField(source="sha1", read_only=True)
    tree = serializers.CharField(source="tree_id", read_only=True)

    class Meta:
        model = Commit
        fields = ("id", "tree", "parents", "author_name", "committed_at", "message")
        read_only_fields = fields


class ResultSerializer(serializers.ModelSerializer[EvaluationResult]):
    """A measurement."""

    value = serializers.FloatField(read_only=True)
    stderr = serializers.FloatField(read_only=True)
    control = serializers.FloatField(read_only=True)

    class Meta:
        model = EvaluationResult
        fields = ("metric", "value", "stderr", "n", "unit", "control", "attestation")
        read_only_fields = fields


class RevisionSerializer(serializers.ModelSerializer[Revision]):
    """A revision."""

    id = serializers.CharField(source="public_id", read_only=True)
    artifact = serializers.CharField(source="artifact.public_id", read_only=True)
    name = serializers.CharField(source="artifact", read_only=True)
    commit = serializers.CharField(source="commit.sha1", read_only=True)
    job = serializers.CharField(source="job.public_id", default=None, read_only=True)
    url = serializers.CharField(source="get_absolute_url", read_only=True)

    class Meta:
        model = Revision
        fields = (
            *("id", "artifact", "name", "label", "status", "commit", "job", "licence", "notes", "url"),
            *("n_files", "n_bytes", "published_at", "created_at"),
        )
        read_only_fields = fields


class RevisionInput(serializers.Serializer[Any]):
    """A new draft: of a job's output, or of what is on an artefact's main branch."""

    job = serializers.CharField(max_length=26, required=False)
    artifact = serializers.CharField(max_length=26, required=False)
    name = serializers.CharField(max_length=96, default="", allow_blank=True)
    label = serializers.CharField(  # type: ignore[assignment]  # the wire's name for it
        max_length=40, default="", allow_blank=True
    )
    licence = serializers.CharField(max_length=128, default="", allow_blank=True)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """Something to draft from."""
        if not {"job", "artifact"} & attrs.keys():
            raise serializers.ValidationError("Name a job or an artifact.")
        return attrs


class RevisionChange(serializers.Serializer[Any]):
    """What may change in a draft; what is left out stays."""

    label = serializers.CharField(max_length=40, required=False)  # type: ignore[assignment]  # the wire's name for it
    licence = serializers.CharField(max_length=128, required=False, allow_blank=True)
    notes = serializers.CharField(max_length=10_000, required=False, allow_blank=True)
    card = serializers.CharField(max_length=200_000, required=False, trim_whitespace=False)


class CheckSerializer(serializers.Serializer[Any]):
    """A condition of publication, met or not."""

    rule = serializers.CharField()
    label = serializers.CharField()  # type: ignore[assignment]  # the wire's name for it
    is_met = serializers.BooleanField()
    message = serializers.CharField()
    way_out = serializers.CharField()


class CommitFileSerializer(serializers.Serializer[Any]):
    """A file of a commit; `git_sha1` is the id of its git object."""

    path = serializers.CharField()
    size = serializers.IntegerField()
    sha256 = serializers.CharField()
    git_sha1 = serializers.CharField(source="sha1")


class CreditSerializer(serializers.ModelSerializer[Credit]):
    """An author."""

    name = serializers.CharField(source="creator.name", read_only=True)
    orcid = serializers.CharField(source="creator.orcid", read_only=True)

    class Meta:
        model = Credit
        fields = ("position", "name", "orcid", "affiliation", "role")
        read_only_fields = fields


class LinkSerializer(serializers.ModelSerializer[PublicationLink]):
    """What a paper is about."""

    artifact = serializers.CharField(source="artifact.public_id", read_only=True)
    name = serializers.CharField(source="artifact", read_only=True)
    revision = serializers.CharField(source="revision.public_id", default=None, read_only=True)

    class Meta:
        model = PublicationLink
        fields = ("artifact", "name", "revision", "relation", "status")
        read_only_fields = fields


class PublicationSerializer(serializers.ModelSerializer[Publication]):
    """A paper."""

    id = serializers.CharField(source="public_id", read_only=True)
    project = serializers.CharField(source="project.public_id", default=None, read_only=True)
    url = serializers.CharField(source="get_absolute_url", read_only=True)
    authors = CreditSerializer(many=True, read_only=True)

    class Meta:
        model = Publication
        fields = (
            *("id", "project", "kind", "title", "abstract", "language", "venue", "published_on", "arxiv_id", "doi"),
            *("status", "published_at", "url", "authors"),
        )
        read_only_fields = fields


class CreditInput(serializers.Serializer[Any]):
    """An author."""

    name = serializers.CharField(max_length=200)
    orcid = serializers.CharField(max_length=19, default="", allow_blank=True)
    affiliation = serializers.CharField(max_length=200, default="", allow_blank=True)
    role = serializers.ChoiceField(choices=CreditRole.choices, default="", allow_blank=True)


class LinkInput(serializers.Serializer[Any]):
    """What the paper is about: an artefact, or one of its revisions, by id."""

    artifact = serializers.CharField(max_length=26)
    revision = serializers.CharField(max_length=26, required=False, allow_null=True)
    relation = serializers.ChoiceField(choices=PublicationRelation.choices, default=PublicationRelation.INTRODUCES)


class PublicationInput(serializers.Serializer[Any]):
    """A paper with its authors and links."""

    project = serializers.CharField(max_length=26, required=False)
    kind = serializers.ChoiceField(choices=PublicationKind.choices, default=PublicationKind.PREPRINT)
    title = serializers.CharField(max_length=300)
    abstract = serializers.CharField(max_length=10_000, default="", allow_blank=True)
    language = serializers.ChoiceField(choices=["en", "fr"], default="en")
    venue = serializers.CharField(max_length=200, default="", allow_blank=True)
    published_on = serializers.DateField(default=None, allow_null=True)
    arxiv_id = serializers.CharField(max_length=64, default="", allow_blank=True)
    doi = serializers.CharField(max_length=128, default="", allow_blank=True)
    authors = serializers.ListField(child=CreditInput(), max_length=500)
    links = serializers.ListField(child=LinkInput(), max_length=200)

    NOT_OF_THE_DRAFT: ClassVar = frozenset({"project", "authors", "links", "kind"})
