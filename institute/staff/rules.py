"""Who sees the desks that read across apps."""

import rules

from institute.people.enums import Role
from institute.people.rules import holds, is_staff

rules.add_perm("staff.view_today", is_staff)
rules.add_perm("staff.view_outbox", is_staff)
rules.add_perm("staff.decide_dead_letter", holds(Role.OPERATIONS))
rules.add_perm("staff.view_audit", is_staff)
