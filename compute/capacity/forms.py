"""Forms about providers, types, clusters and supplies."""

from typing import Any

from django import forms
from django.core.validators import RegexValidator
from django.utils.translation import gettext_lazy as _

from compute.capacity.actions import ClusterDraft, TypeDraft
from compute.capacity.enums import AcceleratorKind, Backend, ClusterStatus, ProviderKind, ProviderStatus
from compute.capacity.models import AcceleratorType, Cluster, Provider
from compute.capacity.models.accelerator_type import SLUG_FORM
from compute.capacity.queries import pledges_without_supply
from grants.donors.models import Donor
from grants.donors.queries import active_donors
from grants.funding.models import Pledge
from institute.core.ui.forms import FieldsMixin, ReasonForm

slug_rule = RegexValidator(rf"^{SLUG_FORM}\Z", _("Small letters, digits, and - between them."))


class ProviderForm(FieldsMixin, forms.Form):
    """A place that gives hours."""

    name = forms.CharField(label=_("Name"), max_length=120)
    kind = forms.ChoiceField(label=_("Kind"), choices=ProviderKind.choices)
    donor = forms.ModelChoiceField(
        Donor.objects.none(), label=_("Donor"), to_field_name="public_id", required=False, empty_label=_("none")
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["donor"].queryset = active_donors()  # type: ignore[attr-defined]  # a ModelChoiceField

    @property
    def values(self) -> dict[str, Any]:
        """The valid form as `create_provider` takes it."""
        return self.cleaned_data | {"kind": ProviderKind(self.cleaned_data["kind"])}


class TypeForm(FieldsMixin, forms.Form):
    """What hours are counted in."""

    name = forms.CharField(label=_("Name"), max_length=80)
    slug = forms.CharField(
        label=_("Short name"), max_length=48, validators=[slug_rule], help_text=_("Pledges name the type by it.")
    )
    kind = forms.ChoiceField(label=_("Kind"), choices=AcceleratorKind.choices)
    vendor = forms.CharField(label=_("Vendor"), max_length=80, required=False)
    memory_gib = forms.IntegerField(label=_("Memory in GiB"), min_value=0, max_value=100_000, initial=0)
    chips_per_device = forms.IntegerField(label=_("Chips per device"), min_value=1, max_value=1000, initial=1)
    peak_flops = forms.IntegerField(label=_("Peak FLOP/s"), min_value=1, max_value=10**18, required=False)
    watts = forms.IntegerField(label=_("Watts"), min_value=1, max_value=100_000, required=False)
    source = forms.CharField(label=_("Source of FLOP/s and watts"), max_length=200, required=False)

    @property
    def draft(self) -> TypeDraft:
        """The valid form as `create_accelerator_type` takes it."""
        return TypeDraft(**self.cleaned_data | {"kind": AcceleratorKind(self.cleaned_data["kind"])})


class ClusterForm(FieldsMixin, forms.Form):
    """Machines of one type."""

    provider = forms.ModelChoiceField(Provider.objects.none(), label=_("Provider"), to_field_name="public_id")
    name = forms.CharField(label=_("Name"), max_length=120)
    slug = forms.CharField(label=_("Short name"), max_length=48, validators=[slug_rule])
    backend = forms.ChoiceField(label=_("Backend"), choices=Backend.choices)
    accelerator = forms.ModelChoiceField(
        AcceleratorType.objects.none(), label=_("Accelerator type"), to_field_name="slug"
    )
    accelerators = forms.IntegerField(label=_("Accelerators"), min_value=1, max_value=1_000_000)
    region = forms.CharField(label=_("Region"), max_length=48, required=False)
    g_co2e_per_kwh = forms.IntegerField(label=_("g CO₂e per kWh"), min_value=0, max_value=5000, required=False)
    g_co2e_source = forms.CharField(label=_("Source of the carbon figure"), max_length=200, required=False)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        active = Provider.objects.filter(status=ProviderStatus.ACTIVE).order_by("name")
        self.fields["provider"].queryset = active  # type: ignore[attr-defined]  # a ModelChoiceField
        types = AcceleratorType.objects.order_by("name")
        self.fields["accelerator"].queryset = types  # type: ignore[attr-defined]  # a ModelChoiceField

    @property
    def draft(self) -> ClusterDraft:
        """The valid form as `create_cluster` takes it."""
        data = {name: value for name, value in self.cleaned_data.items() if name not in {"provider", "accelerator"}}
        return ClusterDraft(**data | {"backend": Backend(data["backend"])})


class SupplyForm(FieldsMixin, forms.Form):
    """Where a pledge's hours run; the provider is that of the clusters."""

    pledge = forms.ModelChoiceField(Pledge.objects.none(), label=_("Pledge"), to_field_name="public_id")
    clusters = forms.ModelMultipleChoiceField(
        Cluster.objects.none(),
        label=_("Clusters"),
        to_field_name="public_id",
        widget=forms.CheckboxSelectMultiple,
        help_text=_("Of one provider, with the type of the pledge."),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["pledge"].queryset = pledges_without_supply()  # type: ignore[attr-defined]  # a ModelChoiceField
        usable = Cluster.objects.exclude(status=ClusterStatus.GONE).select_related("provider", "type").order_by("name")
        self.fields["clusters"].queryset = usable  # type: ignore[attr-defined]  # a ModelMultipleChoiceField


class ClusterStatusForm(ReasonForm):
    """A step of a cluster's status, with its reason."""

    status = forms.ChoiceField(label=_("Status"), choices=ClusterStatus.choices)
    field_order = ("status", "reason")


class ProviderStatusForm(ReasonForm):
    """A step of a provider's status, with its reason."""

    status = forms.ChoiceField(label=_("Status"), choices=ProviderStatus.choices)
    field_order = ("status", "reason")
