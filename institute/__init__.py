"""The institute and its face; the Celery application is loaded with it, so that tasks find it."""

from institute.celery import app as celery_app

__all__ = ["celery_app"]
