"""Models, data sets, code and papers."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _

from institute.catalog.enums import (
    ArtifactStatus,
    Attestation,
    BlobStatus,
    LinkStatus,
    PublicationStatus,
    RevisionStatus,
    Verdict,
    Visibility,
)
from institute.core.ui import badges, navigation
from institute.core.ui.navigation import Door, NavItem

TONES: tuple[tuple[badges.ChoicesType, str], ...] = (
    (ArtifactStatus, "ok warn rest"),
    (BlobStatus, "busy busy ok bad warn rest"),
    (Verdict, "ok bad warn warn"),
    (RevisionStatus, "rest busy warn ok bad rest"),
    (PublicationStatus, "busy warn ok ok bad"),
    (Attestation, "ok rest rest"),
    (LinkStatus, "warn ok"),
    (Visibility, "rest ok"),
)


class CatalogConfig(AppConfig):
    name = "institute.catalog"
    label = "catalog"
    verbose_name = _("catalog")

    def ready(self) -> None:
        for choices, tones in TONES:
            badges.register(choices, dict(zip(choices, tones.split(), strict=True)))
        navigation.register(
            NavItem(_("Models"), "catalog:model-list", Door.PUBLIC, order=10),
            NavItem(_("Papers"), "catalog:paper-list", Door.PUBLIC, order=20),
            NavItem(_("Data"), "catalog:dataset-list", Door.PUBLIC, order=30),
            NavItem(_("Code"), "catalog:code-list", Door.PUBLIC, order=40),
            NavItem(_("Publishing"), "catalog:revision-list", Door.RESEARCH, "catalog.use_catalog", order=60),
        )
        navigation.search_at("catalog:search")
