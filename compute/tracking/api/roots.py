"""What a query or mutation may begin with."""

import json
from collections.abc import Callable, Mapping
from typing import Any

from django.http import HttpRequest

from compute.jobs import actions as jobs_actions
from compute.tracking.actions.files import announce_files
from compute.tracking.actions.lifecycle import (
    begin_run,
    describe_run,
    ensure_run_of_person,
    mark_resuming,
    stop_run,
)
from compute.tracking.actions.parts import current_writer
from compute.tracking.api.capabilities import address
from compute.tracking.api.nodes import Arguments, RunNode, connection, page_of, project_node
from compute.tracking.api.reach import (
    entity_of_user,
    own_run,
    run_for_reading,
    run_project_for,
    run_with_id,
)
from compute.tracking.api.walker import CannotAnswer
from compute.tracking.api.wire import Caller
from compute.tracking.models import Run, RunProject
from compute.tracking.queries.runs import runs_of_project
from compute.tracking.redaction import clean, clean_config
from institute.core.ids import new_ulid

DEFAULT_PROJECT = "uncategorized"
QUERIES = ("viewer", "serverInfo", "project", "model", "models", "entity", "organization", "clientIDMapping")
MUTATIONS = ("upsertBucket", "createRunFiles", "stopRun")
NOT_BUILT = (
    "artifact", "createArtifact",
    "artifactSequence", "createArtifactFiles", "createArtifactManifest", "updateArtifactManifest", "commitArtifact",
    "useArtifact", "updateArtifact", "addAliases", "deleteAliases", "notifyScriptableRunAlert", "rewindRun",
    "deleteRun", "updateRunState", "markRunFilesUploaded", "createCustomChart", "upsertModel",
)  # fmt: skip


def _text(arguments: Arguments, *names: str) -> str:
    """The first of the arguments that is a text."""
    return next((value for name in names if isinstance(value := arguments.get(name), str)), "")


def _json(text: Any) -> Any:
    try:
        return json.loads(text) if isinstance(text, str) else None
    except (ValueError, RecursionError):
        return None


class Roots:
    """Answers the first fields of one request for one caller."""

    def __init__(self, request: HttpRequest, caller: Caller) -> None:
        self.request = request
        self.caller = caller

    def by_name(self) -> dict[str, Any]:
        """Root fields by name; those not built say so in `errors`."""
        roots: dict[str, Any] = {name: getattr(self, f"root_{_snake(name)}") for name in (*QUERIES, *MUTATIONS)}
        roots |= {name: _not_built(name) for name in NOT_BUILT}
        return roots | {"__typename": "Root", "__type": self.root_type}

    # queries

    def root_viewer(self, _: Arguments) -> dict[str, Any]:
        """Who asks, without an e-mail address: the SDK would send it back in every file."""
        entity = self._own_entity()
        return {
            "__typename": "User", "id": entity, "username": entity, "name": entity, "email": "", "admin": False,
            "entity": entity, "flags": "{}", "teams": connection([]), "apiKeys": connection([]),
        }  # fmt: skip

    def root_server_info(self, _: Arguments) -> dict[str, Any]:
        """Optional features: none."""
        return {"__typename": "ServerInfo", "features": [], "cliVersionInfo": {}, "latestLocalVersionInfo": None}

    def root_entity(self, _: Arguments) -> None:
        """Nothing is known of entities but their names."""

    def root_organization(self, _: Arguments) -> None:
        """There are no organisations."""

    def root_client_i_d_mapping(self, _: Arguments) -> None:
        """No artifact is known by a client's id."""

    def root_type(self, arguments: Arguments) -> dict[str, Any] | None:
        """What older SDKs ask to learn what the server can do."""
        fields = {"Query": [*QUERIES], "Mutation": [*MUTATIONS], "ServerInfo": ["features", "cliVersionInfo"]}
        named = [{"name": name} for name in fields.get(_text(arguments, "name"), [])]
        return {"name": _text(arguments, "name"), "fields": named, "inputFields": []}

    def root_project(self, arguments: Arguments) -> dict[str, Any] | None:
        """A run project, its runs, and one run by name."""
        entity, name = _text(arguments, "entityName", "entity"), _text(arguments, "name")
        if self.caller.job is not None:
            own = own_run(self.caller)
            assert own is not None  # a job always has its run
            return self._project(own.run_project, entity, name)
        run_project = run_project_for(self.caller, entity=entity, project=name)
        return self._project(run_project, entity, name) if run_project else None

    def root_model(self, arguments: Arguments) -> dict[str, Any]:
        """The older word for project; never null, since init asks it of projects that are yet to be made."""
        found = self.root_project(arguments)
        entity = _text(arguments, "entityName", "entity") or self._own_entity()
        empty = {"id": "", "name": _text(arguments, "name"), "entity": {"id": entity, "name": entity}, "bucket": None}
        return found or empty

    def root_models(self, arguments: Arguments) -> dict[str, Any]:
        """The caller's own run projects."""
        owned = RunProject.objects.filter(user=self.caller.user) if self.caller.user else RunProject.objects.none()
        offset, size = page_of(arguments)
        return connection([project_node(found) for found in owned.order_by("-id")[offset : offset + size]])

    def _project(self, run_project: RunProject, entity: str, name: str) -> dict[str, Any]:
        def run(arguments: Arguments) -> dict[str, Any] | None:
            found = run_for_reading(self.caller, entity=entity, project=name, name=_text(arguments, "name"))
            return RunNode(self.request, found).fields() if found else None

        def bucket(arguments: Arguments) -> dict[str, Any] | None:
            found = run_for_reading(self.caller, entity=entity, project=name, name=_text(arguments, "name"))
            if found is None or found.started_at is None:
                return None  # never begun: nothing to resume
            mark_resuming(run=found)
            return RunNode(self.request, found).fields()

        return {
            **project_node(run_project),
            "run": run,
            "bucket": bucket,
            "runCount": lambda arguments: self._runs(run_project, arguments).count(),
            "runs": lambda arguments: self._page(run_project, arguments),
        }

    def _runs(self, run_project: RunProject, arguments: Arguments) -> Any:
        filters = _json(arguments.get("filters"))
        if filters:
            raise CannotAnswer("Runs cannot be filtered here yet: ask for all of a project, or for one by its id.")
        runs = runs_of_project(run_project)
        return runs.filter(job=self.caller.job) if self.caller.job else runs

    def _page(self, run_project: RunProject, arguments: Arguments) -> dict[str, Any]:
        offset, size = page_of(arguments)
        order = _text(arguments, "order")
        runs = self._runs(run_project, arguments).order_by("-id" if order.startswith("-") else "id")
        found = list(runs[offset : offset + size + 1])
        end = str(offset + size) if len(found) > size else None
        nodes = [RunNode(self.request, run).fields() for run in found[:size]]
        return connection(nodes, end=end, has_more=end is not None)

    def _own_entity(self) -> str:
        if self.caller.job is not None:
            return self.caller.job.project.handle
        assert self.caller.user is not None  # a caller is a job or a person
        return entity_of_user(self.caller.user)

    # mutations

    def root_upsert_bucket(self, arguments: Arguments) -> dict[str, Any]:
        """Make or find the run that is meant, and take what is said of it. With `host` a process begins."""
        given = _input(arguments)
        run = self._run_to_describe(given)
        values = _values(given)
        if given.get("host") is not None:
            run = begin_run(run=run, values=values, by=self.caller.actor)
        else:
            run = describe_run(run=run, values=values, by=self.caller.actor)
        writer = current_writer(run)
        node = RunNode(self.request, run)
        bucket = node.fields() if writer and writer.is_resuming else node.fields() | {"historyLineCount": 0}
        return {"bucket": bucket, "inserted": not node.writers}

    def _run_to_describe(self, given: Arguments) -> Run:
        own = own_run(self.caller)
        if own is not None:
            return own
        public_id, name = _text(given, "id"), _text(given, "name")
        if public_id:
            return _found(run_with_id(self.caller, public_id))
        entity, project = _text(given, "entityName"), _text(given, "modelName") or DEFAULT_PROJECT
        user = self.caller.user
        assert user is not None  # a caller is a job or a person
        if entity and entity.casefold() != entity_of_user(user).casefold():
            return _found(run_for_reading(self.caller, entity=entity, project=project, name=name))
        name = name or new_ulid()
        return ensure_run_of_person(user=user, project=project[:128], name=name[:128], by=self.caller.actor)

    def root_create_run_files(self, arguments: Arguments) -> dict[str, Any]:
        """Addresses to which files may be sent."""
        given = _input(arguments)
        run = _found(
            run_for_reading(
                self.caller,
                entity=_text(given, "entityName"),
                project=_text(given, "projectName"),
                name=_text(given, "runName"),
            )
        )
        paths = [path for path in given.get("files") or [] if isinstance(path, str) and path]
        files = announce_files(run=run, paths=paths, by=self.caller.actor)
        nodes = [{"name": file.path, "uploadUrl": address(self.request, file, "PUT")} for file in files]
        return {"runID": run.public_id, "uploadHeaders": [], "files": nodes}

    def root_stop_run(self, arguments: Arguments) -> dict[str, Any]:
        """Ask a run to stop; a job's run through its job, so that its hours end too."""
        run = _found(run_with_id(self.caller, _text(_input(arguments), "id")))
        if run.job is None:
            stop_run(run=run, by=self.caller.actor)
        elif self.caller.user is None or not self.caller.user.has_perm("jobs.stop_job", run.job):
            raise CannotAnswer("This key may not stop the job.")
        else:
            jobs_actions.request_stop(job=run.job, by=self.caller.actor)
        return {"clientMutationId": None, "success": True}


def _input(arguments: Arguments) -> Arguments:
    given = arguments.get("input")
    return given if isinstance(given, Mapping) else {}


def _values(given: Arguments) -> dict[str, Any]:
    """What the run is told of itself; things that name a person or a folder are not looked at."""
    config, summary = _json(given.get("config")), _json(given.get("summaryMetrics"))
    return {
        "display_name": given.get("displayName"),
        "group": given.get("groupName"),
        "job_type": given.get("jobType"),
        "notes": given.get("notes"),
        "tags": given.get("tags"),
        "config": clean_config(config) if isinstance(config, Mapping) else None,
        "summary": clean(summary) if isinstance(summary, Mapping) else None,
    }


def _found(run: Run | None) -> Run:
    if run is None:
        raise CannotAnswer("There is no such run within reach of this key.")
    return run


def _not_built(name: str) -> Callable[[Arguments], Any]:
    def refuse(_: Arguments) -> Any:
        raise CannotAnswer(f"“{name}” is not offered by this tracker.")

    return refuse


def _snake(name: str) -> str:
    return "".join(f"_{letter.lower()}" if letter.isupper() else letter for letter in name)
