"""What a job's supervisor says and asks, with the token of its job (scope `job`)."""

import re
from collections.abc import Sequence
from typing import Any, ClassVar

from django.http.response import HttpResponseBase
from django.utils import timezone
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers, status
from rest_framework.exceptions import NotFound, ValidationError
from rest_framework.negotiation import DefaultContentNegotiation
from rest_framework.parsers import BaseParser
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from compute.jobs import actions
from compute.jobs.actions.leases import RENEW_AFTER_S
from compute.jobs.enums import FileKind, LeaseState
from compute.jobs.models import Attempt, JobCheckpoint
from institute.core.actors import Actor
from institute.core.downloads import send_file
from institute.core.parsers import JSONParser
from institute.core.storage import read_chunks
from institute.people.authentication import TokenIdentity
from institute.people.enums import Scope

MOST = 2**63 - 1
SHA256 = re.compile(r"[0-9a-f]{64}")
FENCE_HEADER = "X-Fence"


class LeaseInput(serializers.Serializer[Any]):
    """Who asks, and what it is doing."""

    holder = serializers.RegexField(r"^[A-Za-z0-9_-]+$", max_length=64)
    state = serializers.ChoiceField(choices=LeaseState.choices)


class ResumeSerializer(serializers.ModelSerializer[JobCheckpoint]):
    """The manifest to go on from."""

    class Meta:
        model = JobCheckpoint
        fields = ("fence", "step", "manifest_sha256", "location")
        read_only_fields = fields


class LeaseOutput(serializers.Serializer[Any]):
    """The lease as it is from now on."""

    fence = serializers.IntegerField()
    expires_at = serializers.DateTimeField()
    renew_after_s = serializers.IntegerField()
    resume = ResumeSerializer(allow_null=True)
    checkpoint_by = serializers.DateTimeField(allow_null=True)
    stop = serializers.BooleanField()
    coordinator = serializers.CharField(allow_null=True)


class ManifestInput(serializers.Serializer[Any]):
    """A committed manifest; `manifest_sha256` is the SHA-256 of its canonical JSON."""

    fence = serializers.IntegerField(min_value=1, max_value=MOST)
    manifest_sha256 = serializers.RegexField(r"^[0-9a-f]{64}$", max_length=64)
    manifest = serializers.DictField()

    def validate_manifest(self, manifest: dict[str, Any]) -> dict[str, Any]:
        """The object as it was sent: nothing in it may be converted, since its hash is checked."""
        sent: dict[str, Any] = self.initial_data["manifest"]
        return sent

    @property
    def sent(self) -> actions.Manifest:
        """What an action takes."""
        data = self.validated_data
        return actions.Manifest(data["fence"], data["manifest_sha256"], data["manifest"])


class CheckpointInput(ManifestInput):
    """A checkpoint's manifest and where its files lie."""

    step = serializers.IntegerField(min_value=0, max_value=2**62)
    location = serializers.RegexField(r"^[a-z][a-z0-9+]*:[A-Za-z0-9._/-]+$", max_length=512)


class AcceptedOutput(serializers.Serializer[Any]):
    """What the platform keeps."""

    step = serializers.IntegerField()
    fence = serializers.IntegerField()
    manifest_sha256 = serializers.CharField()
    accepted_at = serializers.DateTimeField()


class AnyAccept(DefaultContentNegotiation):
    """Answers bytes whatever the client says it accepts."""

    def select_renderer(self, request: Request, renderers: Any, format_suffix: str | None = None) -> Any:
        """The first renderer; it only serves errors."""
        return renderers[0], renderers[0].media_type


class AttemptAPIView(APIView):
    """Base: the attempt in the address, if it is of the job that the token belongs to."""

    scopes: ClassVar[set[Scope]] = {Scope.JOB}
    # A manifest is hashed as JSON; a form cannot say the same.
    parser_classes: Sequence[type[BaseParser]] = (JSONParser,)

    def attempt(self, public_id: str) -> Attempt:
        """404 for attempts of other jobs."""
        identity = self.request.auth
        assert isinstance(identity, TokenIdentity)  # the scope `job` is a token's
        job_id = identity.token.job_id
        found = Attempt.objects.select_related("job").filter(public_id=public_id, job__public_id=job_id).first()
        if found is None:
            raise NotFound
        return found

    @property
    def by(self) -> Actor:
        """The job itself acts."""
        identity = self.request.auth
        assert isinstance(identity, TokenIdentity)  # the scope `job` is a token's
        return identity.actor


def accepted(checkpoint: JobCheckpoint, is_new: bool) -> Response:
    """201 for what is new, 200 for what was known."""
    code = status.HTTP_201_CREATED if is_new else status.HTTP_200_OK
    return Response(AcceptedOutput(checkpoint).data, status=code)


class AttemptLeaseView(AttemptAPIView):
    """The right to train and commit."""

    @extend_schema(request=LeaseInput, responses=LeaseOutput)
    def post(self, request: Request, public_id: str) -> Response:
        """Get or renew the lease; 409 `lease-lost` when the attempt is over or another holds it."""
        attempt = self.attempt(public_id)
        body = LeaseInput(data=request.data)
        body.is_valid(raise_exception=True)
        state = LeaseState(body.validated_data["state"])
        holder = body.validated_data["holder"]
        answer = actions.grant_lease(attempt=attempt, holder=holder, state=state, now=timezone.now(), by=self.by)
        said = {
            "fence": answer.fence,
            "expires_at": answer.expires_at,
            "renew_after_s": RENEW_AFTER_S,
            "resume": answer.resume,
            "checkpoint_by": answer.checkpoint_by,
            "stop": answer.is_stop_wanted,
            "coordinator": None,
        }
        return Response(LeaseOutput(said).data)


class CheckpointView(AttemptAPIView):
    """Committed checkpoints."""

    @extend_schema(request=CheckpointInput, responses={201: AcceptedOutput, 200: AcceptedOutput})
    def post(self, request: Request, public_id: str) -> Response:
        """Make a committed checkpoint durable: the job's next attempt goes on from it."""
        attempt = self.attempt(public_id)
        body = CheckpointInput(data=request.data)
        body.is_valid(raise_exception=True)
        checkpoint, is_new = actions.accept_checkpoint(
            attempt=attempt,
            step=body.validated_data["step"],
            manifest=body.sent,
            location=body.validated_data["location"],
            by=self.by,
            now=timezone.now(),
        )
        return accepted(checkpoint, is_new)


class OutputView(AttemptAPIView):
    """The finished artefact."""

    @extend_schema(request=ManifestInput, responses={201: AcceptedOutput, 200: AcceptedOutput})
    def post(self, request: Request, public_id: str) -> Response:
        """Hand in the output once every file of its manifest is uploaded; 422 names a file that is not."""
        attempt = self.attempt(public_id)
        body = ManifestInput(data=request.data)
        body.is_valid(raise_exception=True)
        output, is_new = actions.accept_output(attempt=attempt, manifest=body.sent, by=self.by, now=timezone.now())
        return accepted(output, is_new)


class FileView(AttemptAPIView):
    """Files of the output, by their hash."""

    parser_classes = ()

    @extend_schema(
        request={"application/octet-stream": OpenApiTypes.BINARY},
        responses={201: None, 200: None},
        parameters=[OpenApiParameter(FENCE_HEADER, int, OpenApiParameter.HEADER, required=True)],
    )
    def put(self, request: Request, public_id: str, sha256: str) -> Response:
        """Upload one file; its body goes straight to the object store and is checked against the hash."""
        attempt = self.attempt(public_id)
        fence = request.headers.get(FENCE_HEADER, "")
        if not SHA256.fullmatch(sha256) or not re.fullmatch(r"[0-9]{1,18}", fence, re.ASCII):
            raise ValidationError({FENCE_HEADER: ["Send the lease's fence and the file's SHA-256."]})
        body: Any = request._request  # the raw stream: nothing parses it, nothing holds it in memory
        _file, is_new = actions.store_output_file(
            attempt=attempt,
            fence=int(fence),
            sha256=sha256,
            chunks=read_chunks(body),
            by=self.by,
            now=timezone.now(),
        )
        return Response(status=status.HTTP_201_CREATED if is_new else status.HTTP_200_OK)


class InputView(AttemptAPIView):
    """Input files of the job, by their hash."""

    content_negotiation_class = AnyAccept

    @extend_schema(responses={(200, "application/octet-stream"): OpenApiTypes.BINARY})
    def get(self, request: Request, public_id: str, sha256: str) -> HttpResponseBase:
        """The bytes of one input file."""
        attempt = self.attempt(public_id)
        found = attempt.job.files.filter(kind=FileKind.INPUT, sha256=sha256).first()
        if found is None:
            raise NotFound
        return send_file(request._request, found.key, size=found.size)
