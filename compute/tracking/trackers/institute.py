"""Our own intake, spoken to as any client does: the SDK's protocol over HTTP."""

import json
from collections.abc import Mapping
from typing import Any

import httpx

from compute.tracking.trackers.base import FetchedRun, RunReference, TrackedJob, TrackerUnavailable

TIMEOUT_S = 10.0
PAGE = 1_000
FIXED = {
    "WANDB_RESUME": "allow",
    "WANDB_INIT_TIMEOUT": "60",
    "WANDB_X_FILE_STREAM_TRANSMIT_INTERVAL": "5",
    "WANDB_X_TRANSACTION_LOG_FLUSH_INTERVAL": "2",
    "WANDB_X_HISTORY_VALUE_ENCODING": "json",
    "WANDB_DISABLE_CODE": "true",
    "WANDB_DISABLE_GIT": "true",
    "WANDB_ERROR_REPORTING": "false",
}
_RUN = """query Run($entity: String!, $project: String!, $name: String!) {
  project(name: $project, entityName: $entity) {
    run(name: $name) { name state config summaryMetrics historyKeys }
  }
}"""
_HISTORY = """query Page($entity: String!, $project: String!, $name: String!, $first: Int!, $last: Int!) {
  project(name: $project, entityName: $entity) {
    run(name: $name) { history(minStep: $first, maxStep: $last) }
  }
}"""


class InstituteTracker:
    """The tracker at `base_url` (ends in /wandb); `key` is needed to fetch."""

    def __init__(self, base_url: str, key: str = "") -> None:
        self.base_url = base_url.rstrip("/")
        self.key = key

    def environment(self, job: TrackedJob) -> dict[str, str]:
        return {
            "WANDB_BASE_URL": self.base_url,
            "WANDB_API_KEY": job.key,
            "WANDB_ENTITY": job.entity,
            "WANDB_PROJECT": job.project,
            "WANDB_RUN_ID": job.job_id,
            **FIXED,
        }

    def probe(self) -> bool:
        try:
            return httpx.get(self.base_url, timeout=TIMEOUT_S, follow_redirects=False).is_success
        except httpx.HTTPError:
            return False

    def fetch_run(self, reference: RunReference) -> FetchedRun | None:
        names = {"entity": reference.entity, "project": reference.project, "name": reference.name}
        found = _run_in(self._ask(_RUN, names))
        if found is None:
            return None
        last = int(found["historyKeys"]["lastStep"])
        history: list[Mapping[str, Any]] = []
        for first in range(0, last + 1, PAGE):
            page = _run_in(self._ask(_HISTORY, {**names, "first": first, "last": first + PAGE}))
            history += [json.loads(line) for line in page["history"]] if page else []
        config = {name: entry["value"] for name, entry in json.loads(found["config"]).items() if name != "_wandb"}
        return FetchedRun(found["name"], found["state"], config, json.loads(found["summaryMetrics"]), tuple(history))

    def _ask(self, query: str, variables: Mapping[str, Any]) -> Mapping[str, Any]:
        body = {"query": query, "variables": variables}
        try:
            response = httpx.post(f"{self.base_url}/graphql", json=body, auth=("api", self.key), timeout=TIMEOUT_S)
            response.raise_for_status()
            answer: Mapping[str, Any] = response.json()
        except (httpx.HTTPError, ValueError) as error:
            raise TrackerUnavailable(f"{self.base_url}: {error}") from error
        if answer.get("errors"):
            raise TrackerUnavailable(str(answer["errors"][0]["message"]))
        data: Mapping[str, Any] = answer["data"]
        return data


def _run_in(data: Mapping[str, Any]) -> Any:
    return (data.get("project") or {}).get("run")
