"""Furniture of every list page: search, filters, order, keyset paging, CSV, empty state, all in the URL."""

from institute.core.ui.listing.keyset import Page, Sort
from institute.core.ui.listing.page import BoundListing, render
from institute.core.ui.listing.spec import Column, Empty, Filter, Listing

__all__ = ["BoundListing", "Column", "Empty", "Filter", "Listing", "Page", "Sort", "render"]
