"""A client that speaks the SDK's protocol."""

import base64
import json
from typing import Any

from django.http import HttpResponse
from django.test import Client


class Sdk:
    """Sends what the SDK sends, with one key."""

    def __init__(self, key: str, prefix: str = "/wandb") -> None:
        self.client = Client(raise_request_exception=False)
        self.prefix = prefix
        self.headers = {"Authorization": "Basic " + base64.b64encode(f"api:{key}".encode()).decode()}

    def send(self, path: str, body: Any, **headers: str) -> HttpResponse:
        data = body if isinstance(body, bytes) else json.dumps(body)
        return self.client.post(  # type: ignore[return-value]  # the test client's own class
            self.prefix + path, data, content_type="application/json", headers={**self.headers, **headers}
        )

    def ask(self, query: str, **variables: Any) -> Any:
        """The `data` of a query that is answered."""
        answer = self.send("/graphql", {"query": query, "variables": variables})
        body = json.loads(answer.content, parse_constant=_strict)
        assert answer.status_code == 200, body
        assert "errors" not in body, body
        return body["data"]

    def refused(self, query: str, **variables: Any) -> str:
        """The message of a query that is not answered."""
        answer = self.send("/graphql", {"query": query, "variables": variables})
        body = json.loads(answer.content)
        assert (answer.status_code, body["data"]) == (200, None)
        return str(body["errors"][0]["message"])

    def stream(self, entity: str, project: str, run: str, body: Any, **headers: str) -> HttpResponse:
        return self.send(f"/files/{entity}/{project}/{run}/file_stream", body, **headers)


def _strict(text: str) -> None:
    raise AssertionError(f"{text} is not JSON")


UPSERT = """mutation UpsertBucket($name: String, $project: String, $entity: String, $config: JSONString, $host: String,
  $displayName: String, $tags: [String!], $notes: String) {
  upsertBucket(input: {name: $name, modelName: $project, entityName: $entity, config: $config, host: $host,
    displayName: $displayName, tags: $tags, notes: $notes}) {
    bucket { id name displayName config project { id name entity { id name } } historyLineCount }
    inserted
  }
}"""
RESUME = """query RunResumeStatus($project: String, $entity: String, $name: String!) {
  model(name: $project, entityName: $entity) {
    id name entity { id name }
    bucket(name: $name, missingOk: true) {
      id name summaryMetrics logLineCount historyLineCount eventsLineCount historyTail eventsTail config tags
      wandbConfig(keys: ["t"])
    }
  }
}"""
