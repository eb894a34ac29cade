"""Who may name a hash (CATALOG rule 3): else a hash would open private files."""

from collections.abc import Collection
from datetime import datetime

from django.db import connection

from institute.catalog.models import Upload
from institute.catalog.queries.visibility import readable_commits
from institute.people.models import User

_HOLDERS = """
WITH RECURSIVE up(sha256, tree) AS (
  SELECT blob_id, tree_id FROM catalog_treeentry WHERE blob_id = ANY(%s)
  UNION
  SELECT up.sha256, parent.tree_id
  FROM up JOIN catalog_treeentry parent ON parent.sha1 = up.tree AND parent.mode = '40000')
SELECT up.sha256, c.id FROM up JOIN catalog_commit c ON c.tree_id = up.tree
"""


def unnameable(user: User, hashes: Collection[str], now: datetime) -> set[str]:
    """Those of `hashes` that the person has neither brought within the last day nor may read anywhere."""
    left = set(hashes)
    brought = Upload.objects.filter(user=user, blob__in=left, expires_at__gt=now).values_list("blob", flat=True)
    left -= set(brought)
    if not left:
        return left
    with connection.cursor() as cursor:
        cursor.execute(_HOLDERS, [sorted(left)])
        holders: dict[str, set[int]] = {}
        for sha256, commit in cursor.fetchall():
            holders.setdefault(sha256, set()).add(commit)
    everywhere = set().union(*holders.values()) if holders else set()
    readable = set(readable_commits(user, now).filter(pk__in=everywhere).values_list("pk", flat=True))
    return {sha256 for sha256 in left if not holders.get(sha256, set()) & readable}
