"""The app without a domain: what every other app stands on."""

from django.apps import AppConfig
from django.db import models
from django.db.models.functions import Lower
from django.utils.module_loading import autodiscover_modules
from django.utils.translation import gettext_lazy as _


class CoreConfig(AppConfig):
    name = "institute.core"
    label = "core"
    verbose_name = _("core")

    def ready(self) -> None:
        from institute.core.health import register_collectors  # needs the models, which load before ready()

        register_collectors()
        models.CharField.register_lookup(Lower)  # `name__lower`: by the unique indexes, which `iexact` does not use
        autodiscover_modules("receivers")
