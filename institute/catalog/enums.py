"""Choices of the catalogue, and beside each status its table."""

from django.db import models
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from institute.core.enums import Transitions


class ArtifactKind(models.TextChoices):
    """What is kept; the Hub protocol calls code "spaces"."""

    MODEL = "model", _("model")
    DATASET = "dataset", _("data set")
    CODE = "code", _("code")


class Visibility(models.TextChoices):
    """What clients of the Hub protocol ask for. Who reads is decided by publishing: before it, members alone."""

    PRIVATE = "private", _("private")
    PUBLIC = "public", _("public")


class ArtifactStatus(models.TextChoices):
    """active ⇄ disabled; both → tombstoned."""

    ACTIVE = "active", _("active")
    DISABLED = "disabled", _("disabled")
    TOMBSTONED = "tombstoned", _("removed")


ARTIFACT_TRANSITIONS: Transitions[ArtifactStatus] = {
    ArtifactStatus.ACTIVE: {ArtifactStatus.DISABLED, ArtifactStatus.TOMBSTONED},
    ArtifactStatus.DISABLED: {ArtifactStatus.ACTIVE, ArtifactStatus.TOMBSTONED},
    ArtifactStatus.TOMBSTONED: set(),
}


class BlobStatus(models.TextChoices):
    """receiving → [checking →] stored ⇄ quarantined; stored ⇄ doomed → swept."""

    RECEIVING = "receiving", _("receiving")
    CHECKING = "checking", _("checking")
    STORED = "stored", _("stored")
    QUARANTINED = "quarantined", _("quarantined")
    DOOMED = "doomed", _("to be removed")
    SWEPT = "swept", _("removed")


BLOB_TRANSITIONS: Transitions[BlobStatus] = {
    BlobStatus.RECEIVING: {BlobStatus.CHECKING, BlobStatus.STORED},
    BlobStatus.CHECKING: {BlobStatus.STORED, BlobStatus.QUARANTINED},
    BlobStatus.STORED: {BlobStatus.QUARANTINED, BlobStatus.DOOMED},
    BlobStatus.QUARANTINED: {BlobStatus.STORED},
    BlobStatus.DOOMED: {BlobStatus.STORED, BlobStatus.SWEPT},
    BlobStatus.SWEPT: set(),
}


class Verdict(models.TextChoices):
    """What a scanner says of some bytes."""

    CLEAN = "clean", _("clean")
    UNSAFE = "unsafe", _("unsafe")
    UNKNOWN = "unknown", _("unknown")
    ERROR = "error", _("error")


class RevisionStatus(models.TextChoices):
    """candidate → draft → in_review → published → withdrawn; in_review → draft; candidate, draft → dropped."""

    CANDIDATE = "candidate", _("candidate")
    DRAFT = "draft", _("draft")
    IN_REVIEW = "in_review", _("in review")
    PUBLISHED = "published", _("published")
    WITHDRAWN = "withdrawn", _("withdrawn")
    DROPPED = "dropped", _("dropped")


REVISION_TRANSITIONS: Transitions[RevisionStatus] = {
    RevisionStatus.CANDIDATE: {RevisionStatus.DRAFT, RevisionStatus.DROPPED},
    RevisionStatus.DRAFT: {RevisionStatus.IN_REVIEW, RevisionStatus.DROPPED},
    RevisionStatus.IN_REVIEW: {RevisionStatus.PUBLISHED, RevisionStatus.DRAFT},
    RevisionStatus.PUBLISHED: {RevisionStatus.WITHDRAWN},
    RevisionStatus.WITHDRAWN: set(),
    RevisionStatus.DROPPED: set(),
}

# Reachable by the public: a withdrawn revision keeps its page, which says so.
PUBLIC_REVISIONS = (RevisionStatus.PUBLISHED, RevisionStatus.WITHDRAWN)
REVISIONS_COMING = (RevisionStatus.CANDIDATE, RevisionStatus.DRAFT, RevisionStatus.IN_REVIEW)


class Relation(models.TextChoices):
    """How a revision came out of something else."""

    PRODUCED_BY = "produced_by", _("produced by")
    FINE_TUNED = "fine_tuned", _("fine-tuned from")
    WARM_STARTED = "warm_started", _("warm-started from")
    QUANTIZED = "quantized", _("quantised from")
    MERGED = "merged", _("merged from")
    ADAPTER = "adapter", _("adapter of")
    DISTILLED = "distilled", _("distilled from")
    TRAINED_ON = "trained_on", _("trained on")
    EVALUATED_ON = "evaluated_on", _("evaluated on")


class Basis(models.TextChoices):
    """Who says so: the author, or we worked it out."""

    DECLARED = "declared", _("declared by the authors")
    COMPUTED = "computed", _("worked out from the job")


class Attestation(models.TextChoices):
    """How far a measurement may be trusted."""

    ATTESTED = "attested", _("attested run")
    REPORTED = "reported", _("reported by authors")
    COMMUNITY = "community", _("reported by others")


class Change(models.TextChoices):
    """What a commit did to a path."""

    ADDED = "added", pgettext_lazy("file", "added")
    MODIFIED = "modified", pgettext_lazy("file", "changed")
    DELETED = "deleted", pgettext_lazy("file", "removed")


class PublicationKind(models.TextChoices):
    """What sort of text it is."""

    ARTICLE = "article", _("article")
    PREPRINT = "preprint", _("preprint")
    REPORT = "report", _("report")
    CONFERENCE = "conference", _("conference paper")
    THESIS = "thesis", _("thesis")


class PublicationStatus(models.TextChoices):
    """draft → in_review → published → corrected, retracted."""

    DRAFT = "draft", _("draft")
    IN_REVIEW = "in_review", _("in review")
    PUBLISHED = "published", _("published")
    CORRECTED = "corrected", _("corrected")
    RETRACTED = "retracted", _("retracted")


PUBLICATION_TRANSITIONS: Transitions[PublicationStatus] = {
    PublicationStatus.DRAFT: {PublicationStatus.IN_REVIEW},
    PublicationStatus.IN_REVIEW: {PublicationStatus.PUBLISHED, PublicationStatus.DRAFT},
    PublicationStatus.PUBLISHED: {PublicationStatus.CORRECTED, PublicationStatus.RETRACTED},
    PublicationStatus.CORRECTED: {PublicationStatus.RETRACTED},
    PublicationStatus.RETRACTED: set(),
}

PUBLIC_PUBLICATIONS = (PublicationStatus.PUBLISHED, PublicationStatus.CORRECTED, PublicationStatus.RETRACTED)


class PublicationRelation(models.TextChoices):
    """What a paper does with a model, data set or code."""

    INTRODUCES = "introduces", _("introduces")
    USES = "uses", _("uses")
    EVALUATES = "evaluates", _("evaluates")


class LinkStatus(models.TextChoices):
    """A link found by a machine is proposed; a person confirms it."""

    PROPOSED = "proposed", _("proposed")
    CONFIRMED = "confirmed", _("confirmed")


LINK_TRANSITIONS: Transitions[LinkStatus] = {LinkStatus.PROPOSED: {LinkStatus.CONFIRMED}, LinkStatus.CONFIRMED: set()}


class CreditRole(models.TextChoices):
    """Contributor roles (CRediT, ANSI/NISO Z39.104-2022) that people of a research institute use most."""

    CONCEPTUALIZATION = "conceptualization", _("conceptualisation")
    DATA_CURATION = "data_curation", _("data curation")
    INVESTIGATION = "investigation", _("investigation")
    METHODOLOGY = "methodology", _("methodology")
    SOFTWARE = "software", _("software")
    SUPERVISION = "supervision", _("supervision")
    VALIDATION = "validation", _("validation")
    WRITING = "writing", _("writing")
