"""What a paper needs before the public may see it."""

from django.utils.translation import gettext as _

from institute.catalog.enums import PUBLIC_REVISIONS, ArtifactStatus
from institute.catalog.models import Publication
from institute.catalog.queries import publications
from institute.catalog.rules.publishing import Check
from institute.core.errors import Refused


def publication_checks(publication: Publication) -> list[Check]:
    """Every condition, met or not."""
    links = list(publications.links_of(publication))
    hidden = [
        link
        for link in links
        if link.artifact.status != ArtifactStatus.ACTIVE
        or link.artifact.latest_id is None
        or (link.revision is not None and link.revision.status not in PUBLIC_REVISIONS)
    ]
    return [
        Check(
            "creators",
            _("It names its authors"),
            publication.credits.exists(),
            _("There is no author."),
            _("Name everybody who wrote it."),
            "creators",
        ),
        Check(
            "abstract",
            _("It has an abstract"),
            bool(publication.abstract.strip()),
            _("The abstract is empty."),
            _("Say in a few sentences what was found."),
            "abstract",
        ),
        Check(
            "links",
            _("It is about something in the catalogue"),
            bool(links),
            _("No model, data set or code is linked."),
            _("Link what it introduces, uses or evaluates."),
            "links",
        ),
        Check(
            "links-public",
            _("What it links is public"),
            not hidden,
            _("“%(name)s” is not published yet.") % {"name": hidden[0].artifact if hidden else ""},
            _("Publish it first, or take the link out."),
            "links",
        ),
    ]


def require_presentable(publication: Publication) -> None:
    """Refused with the first condition that is not met."""
    for check in publication_checks(publication):
        if not check.is_met:
            raise Refused(check.message, field=check.field, rule=check.rule, way_out=check.way_out)
