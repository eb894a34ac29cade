"""Jobs as the API shows them. Quantities are accelerator-seconds of the job's type."""

from typing import Any

from rest_framework import serializers

from compute.jobs import queries
from compute.jobs.models import Attempt, Job, JobFile
from compute.jobs.rules.quoting import Quote, QuotedPart
from compute.jobs.rules.submission import Objection


class JobSerializer(serializers.ModelSerializer[Job]):
    """A job in a list."""

    id = serializers.CharField(source="public_id")
    project = serializers.CharField(source="project.handle")
    accelerator_type = serializers.CharField(source="accelerator_type.slug")
    wall_limit_seconds = serializers.IntegerField(source="wall_limit_s")
    url = serializers.CharField(source="get_absolute_url")

    class Meta:
        model = Job
        fields: tuple[str, ...] = (
            "id",
            "project",
            "name",
            "recipe",
            "recipe_version",
            "status",
            "reason",
            "accelerator_type",
            "accelerators",
            "wall_limit_seconds",
            "created_at",
            "started_at",
            "ended_at",
            "stop_requested_at",
            "url",
        )
        read_only_fields = fields


class AccountSerializer(serializers.Serializer[queries.JobAccount]):
    """What a job costs."""

    held = serializers.IntegerField()
    spent = serializers.IntegerField()
    lost = serializers.IntegerField()
    refunded = serializers.IntegerField()
    owed = serializers.IntegerField()
    overrun = serializers.IntegerField()


class JobDetailSerializer(JobSerializer):
    """A job with its inputs, its account and how it stands."""

    allocation = serializers.CharField(source="allocation.public_id")
    estimate_seconds = serializers.IntegerField()
    sentence = serializers.SerializerMethodField()
    account = serializers.SerializerMethodField()
    output_sha256 = serializers.SerializerMethodField()

    class Meta(JobSerializer.Meta):
        fields = (
            *JobSerializer.Meta.fields,
            "allocation",
            "inputs",
            "code_sha256",
            "image_digest",
            "estimate_seconds",
            "sentence",
            "account",
            "output_sha256",
        )
        read_only_fields = fields

    def get_sentence(self, job: Job) -> str:
        """How the job stands, for people."""
        return queries.sentence_of(job, queries.open_attempt_of(job))

    def get_account(self, job: Job) -> dict[str, int]:
        """Held, spent, lost, refunded, owed, overrun."""
        return dict(AccountSerializer(queries.account_of(job)).data)

    def get_output_sha256(self, job: Job) -> str:
        """The hash of the output's manifest, "" without one."""
        output = queries.output_of(job)
        return output.manifest_sha256 if output else ""


class AttemptSerializer(serializers.ModelSerializer[Attempt]):
    """One try."""

    id = serializers.CharField(source="public_id")
    cluster = serializers.CharField(source="cluster.slug", default=None)

    class Meta:
        model = Attempt
        fields = (
            "id",
            "number",
            "status",
            "reason",
            "cluster",
            "exit_code",
            "failure_class",
            "text",
            "is_unknown",
            "bound_at",
            "released_at",
            "last_checkpoint_at",
            "last_seen_at",
            "ended_at",
            "refund_owed",
        )
        read_only_fields = fields


class FileSerializer(serializers.ModelSerializer[JobFile]):
    """A file of a job's output."""

    class Meta:
        model = JobFile
        fields = ("path", "size", "sha256")
        read_only_fields = fields


class LogSerializer(serializers.Serializer[Any]):
    """Part of what an attempt printed."""

    attempt = serializers.IntegerField()
    offset = serializers.IntegerField()
    next_offset = serializers.IntegerField()
    text = serializers.CharField()


class ObjectionSerializer(serializers.Serializer[Objection]):
    """One reason against a job."""

    field = serializers.CharField()
    rule = serializers.CharField()
    message = serializers.CharField()
    way_out = serializers.CharField()


class QuotedPartSerializer(serializers.Serializer[QuotedPart]):
    """What one pledge would hold."""

    pledge = serializers.CharField(source="pledge.public_id")
    title = serializers.CharField(source="pledge.title")
    donor = serializers.CharField(source="pledge.donor.name")
    seconds = serializers.IntegerField()


class QuoteSerializer(serializers.Serializer[Quote]):
    """What submitting would cost and hold."""

    is_possible = serializers.BooleanField()
    cost_seconds = serializers.IntegerField()
    basis = serializers.CharField()
    hold_seconds = serializers.IntegerField()
    accelerator_type = serializers.CharField(source="type.slug", default=None)
    starts = serializers.CharField()
    parts = QuotedPartSerializer(many=True)
    refusals = ObjectionSerializer(many=True)
