"""Who may do what with capacity."""

import rules

from institute.people.enums import Role
from institute.people.rules import holds, is_staff

rules.add_perm("capacity.view_cluster", is_staff)
rules.add_perm("capacity.edit_cluster", holds(Role.OPERATIONS))
