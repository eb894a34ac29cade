"""Donors for tests."""

import factory

from grants.donors.enums import DonorKind
from grants.donors.models import Donor


class DonorFactory(factory.django.DjangoModelFactory[Donor]):
    """An organisation that gives."""

    class Meta:
        model = Donor

    name = factory.Sequence(lambda n: f"Donor {n}")
    kind = DonorKind.ORGANISATION
