"""Forms of the catalogue."""

from collections.abc import Sequence
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from institute.catalog.actions import CreditDraft, LinkDraft, PublicationDraft
from institute.catalog.actions.publications import is_orcid
from institute.catalog.enums import ArtifactKind, PublicationKind, PublicationRelation
from institute.catalog.formats import licences
from institute.catalog.models import Artifact, Publication, Revision
from institute.core.ui.forms import FieldsMixin
from institute.people.models import Handle

LANGUAGES = (("en", _("English")), ("fr", _("French")))
MOST_FILES = 100


class ArtifactForm(FieldsMixin, forms.Form):
    """A new model, data set or code base."""

    namespace = forms.ModelChoiceField(Handle.objects.none(), label=_("Under"), to_field_name="name")
    name = forms.CharField(label=_("Name"), max_length=96, help_text=_("Letters, digits, and . _ - between them."))
    summary = forms.CharField(label=_("In one line"), max_length=300, required=False)

    def __init__(self, *args: Any, namespaces: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["namespace"].queryset = namespaces  # type: ignore[attr-defined]  # it is a ModelChoiceField


class ManyFilesInput(forms.ClearableFileInput):
    """A file field that takes several."""

    allow_multiple_selected = True


class ManyFilesField(forms.FileField):
    """Several uploaded files."""

    widget = ManyFilesInput

    def clean(self, data: Any, initial: Any = None) -> list[Any]:
        """Each file by itself."""
        given = data if isinstance(data, list | tuple) else [data]
        return [super(ManyFilesField, self).clean(one, initial) for one in given]


class UploadForm(FieldsMixin, forms.Form):
    """Files for one commit."""

    files = ManyFilesField(  # type: ignore[assignment]  # the form's metaclass takes it off the class
        label=_("Files"), help_text=_("Text, tables or tensors; no pickles. At most 100 at a time.")
    )
    folder = forms.CharField(label=_("Into the folder"), max_length=500, required=False)
    message = forms.CharField(label=_("What changes"), max_length=300, initial=_("Add files"))
    parent = forms.CharField(widget=forms.HiddenInput, required=False)

    def path_of(self, name: str) -> str:
        """Where a file of this name goes."""
        folder = self.cleaned_data["folder"].strip().strip("/")
        return f"{folder}/{name}" if folder else name


class CardForm(FieldsMixin, forms.Form):
    """README.md."""

    card = forms.CharField(
        label=_("Card"),
        max_length=200_000,
        strip=False,
        widget=forms.Textarea(attrs={"rows": 24, "class": "mono", "spellcheck": "true"}),
        help_text=_("Markdown. What stands between the two lines of --- is for machines."),
    )


class DescribeForm(FieldsMixin, forms.Form):
    """Label, licence and notes of a draft."""

    label = forms.CharField(label=_("Label"), max_length=40)
    licence = forms.CharField(
        label=_("Licence"),
        max_length=128,
        required=False,
        help_text=_("By its SPDX name, for example Apache-2.0, MIT, CC-BY-4.0."),
        widget=forms.TextInput(attrs={"list": "licences", "autocomplete": "off"}),
    )
    notes = forms.CharField(
        label=_("What changed"), max_length=10_000, required=False, widget=forms.Textarea(attrs={"rows": 3})
    )

    suggestions = licences.COMMON


class PaperForm(FieldsMixin, forms.Form):
    """A paper. Authors are one to a line: name; ORCID; affiliation."""

    title = forms.CharField(label=_("Title"), max_length=300)
    kind = forms.ChoiceField(label=_("Kind"), choices=PublicationKind.choices, initial=PublicationKind.PREPRINT)
    language = forms.ChoiceField(label=_("Language"), choices=LANGUAGES)
    abstract = forms.CharField(label=_("Abstract"), max_length=10_000, widget=forms.Textarea(attrs={"rows": 8}))
    authors = forms.CharField(
        label=_("Authors"),
        max_length=50_000,
        widget=forms.Textarea(attrs={"rows": 4}),
        help_text=_("One to a line, in their order: name; ORCID; affiliation. Only the name is needed."),
    )
    links = forms.CharField(
        label=_("About"),
        max_length=20_000,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=_(
            "One address to a line: handle/model, datasets/handle/name or spaces/handle/name; a label after @."
        ),
    )
    venue = forms.CharField(label=_("Venue"), max_length=200, required=False)
    published_on = forms.DateField(
        label=_("Date of the paper"), required=False, widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")
    )
    doi = forms.CharField(label="DOI", max_length=128, required=False)
    arxiv_id = forms.CharField(label="arXiv", max_length=64, required=False)

    def clean_authors(self) -> list[CreditDraft]:
        """The lines as credits."""
        found = []
        for line in self.cleaned_data["authors"].splitlines():
            name, *rest = (part.strip() for part in line.split(";"))
            orcid, affiliation = [*rest, "", ""][:2]
            if not line.strip():
                continue
            if not name or (orcid and not is_orcid(orcid)):
                raise forms.ValidationError(
                    _("“%(line)s” is no name, or its ORCID is not right."), params={"line": line}
                )
            found.append(CreditDraft(name, orcid=orcid, affiliation=affiliation))
        return found

    def clean_links(self) -> list[LinkDraft]:
        """The lines as links."""
        return [_link(line.strip()) for line in self.cleaned_data["links"].splitlines() if line.strip()]

    def draft(self) -> PublicationDraft:
        """What was entered, for the action."""
        data = {name: value for name, value in self.cleaned_data.items() if name not in {"authors", "links", "kind"}}
        return PublicationDraft(
            kind=PublicationKind(self.cleaned_data["kind"]),
            credits=self.cleaned_data["authors"],
            links=self.cleaned_data["links"],
            **data,
        )


SEGMENT_KINDS = {"datasets": ArtifactKind.DATASET, "spaces": ArtifactKind.CODE, "code": ArtifactKind.CODE}


def _link(line: str) -> LinkDraft:
    address, _at, label = line.strip("/").partition("@")
    *segment, handle, name = ["", *address.split("/")][-3:] if address.count("/") else ["", "", ""]
    kind = SEGMENT_KINDS.get(segment[0], ArtifactKind.MODEL) if segment and segment[0] else ArtifactKind.MODEL
    artifact = Artifact.objects.filter(kind=kind, namespace__name__iexact=handle, name__iexact=name).first()
    revision = artifact.revisions.filter(label=label).first() if artifact and label else None
    if artifact is None or (label and revision is None):
        raise forms.ValidationError(_("The catalogue has no “%(line)s”."), params={"line": line})
    return LinkDraft(artifact, PublicationRelation.INTRODUCES, revision)


def paper_initial(paper: Publication, credits_: Sequence[Any], links: Sequence[Any]) -> dict[str, Any]:
    """The form's values for a paper that exists."""
    names = ("title", "kind", "language", "abstract", "venue", "published_on", "doi", "arxiv_id")
    lines = ["; ".join(part for part in (c.creator.name, c.creator.orcid, c.affiliation) if part) for c in credits_]
    return {name: getattr(paper, name) for name in names} | {
        "authors": "\n".join(lines),
        "links": "\n".join(link_text(link.artifact, link.revision) for link in links),
    }


def link_text(artifact: Artifact, revision: Revision | None = None) -> str:
    """How a line of the form names an artefact."""
    segment = {ArtifactKind.DATASET: "datasets/", ArtifactKind.CODE: "spaces/"}.get(ArtifactKind(artifact.kind), "")
    return f"{segment}{artifact}" + (f"@{revision.label}" if revision else "")
