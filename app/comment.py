"""One sticky comment on a pull or merge request: `python -m app.comment REPORT.md`.

The comment that begins with the report's first line, a marker, is replaced; else one is added.
GitHub: `GITHUB_TOKEN`, `GITHUB_REPOSITORY`, `PR_NUMBER`, and `GITHUB_API_URL` for a server of one's
own. GitLab: `GITLAB_TOKEN`, `CI_API_V4_URL`, `CI_PROJECT_ID`, `CI_MERGE_REQUEST_IID`.
"""

from __future__ import annotations

import os
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

import msgspec

from lineage.errors import InvalidName, LineageError, StoreUnavailable, UnreadableInput

_TIMEOUT_S: Final = 30
_PAGE: Final = 100
_MOST_PAGES: Final = 50


class Comment(msgspec.Struct, frozen=True):
    """A comment, as both servers tell of it."""

    id: int
    body: str = ""


class Place(msgspec.Struct, frozen=True):
    """Where comments are. comments: URL of the list; one: URL of a comment, `{}` is its id."""

    comments: str
    one: str
    update: str
    headers: dict[str, str]


def place_of(environment: Mapping[str, str]) -> Place:
    """Where the comments of this run's pull or merge request are.

    Raises:
        InvalidName: a variable is missing; says which.
    """
    if "CI_PROJECT_ID" in environment:
        api, project, number, token = _all(
            environment, "CI_API_V4_URL", "CI_PROJECT_ID", "CI_MERGE_REQUEST_IID", "GITLAB_TOKEN"
        )
        notes = f"{api}/projects/{project}/merge_requests/{number}/notes"
        return Place(notes, f"{notes}/{{}}", "PUT", {"PRIVATE-TOKEN": token})
    repository, number, token = _all(environment, "GITHUB_REPOSITORY", "PR_NUMBER", "GITHUB_TOKEN")
    issues = (
        f"{environment.get('GITHUB_API_URL', 'https://api.github.com')}/repos/{repository}/issues"
    )
    headers = {"Authorization": f"Bearer {token}", "Accept": "application/vnd.github+json"}
    return Place(f"{issues}/{number}/comments", f"{issues}/comments/{{}}", "PATCH", headers)


def post(report: str, place: Place) -> str:
    """Writes the report as the sticky comment; `replaced` or `added`.

    Raises:
        StoreUnavailable: the server does not take it.
    """
    marker = report.partition("\n")[0]
    body = msgspec.json.encode({"body": report})
    for comment in _comments(place):
        if comment.body.startswith(marker):
            _ask(place, place.one.format(comment.id), place.update, body)
            return "replaced"
    _ask(place, place.comments, "POST", body)
    return "added"


def _all(environment: Mapping[str, str], *names: str) -> list[str]:
    missing = [name for name in names if not environment.get(name)]
    if missing:
        raise InvalidName(f"set {', '.join(missing)}: the comment needs to know where it belongs")
    return [environment[name] for name in names]


def _comments(place: Place) -> Iterator[Comment]:
    for page in range(1, _MOST_PAGES + 1):
        answer = _ask(place, f"{place.comments}?per_page={_PAGE}&page={page}", "GET")
        found = msgspec.json.decode(answer, type=list[Comment])
        yield from found
        if len(found) < _PAGE:
            return


def _ask(place: Place, url: str, method: str, body: bytes | None = None) -> bytes:
    if not url.startswith(("https://", "http://")):
        raise InvalidName(f"{url} is no address of a server")
    headers = {**place.headers, "Content-Type": "application/json", "User-Agent": "lineage-usage"}
    request = urllib.request.Request(url, body, headers, method=method)  # noqa: S310 - checked
    try:
        with urllib.request.urlopen(request, timeout=_TIMEOUT_S) as answer:  # noqa: S310
            content: bytes = answer.read()
    except (urllib.error.URLError, TimeoutError, OSError) as error:
        raise StoreUnavailable(f"{method} {url}: {error}") from error
    return content


def main() -> None:
    """Posts the report that the command line names."""
    if len(sys.argv) != 2:
        sys.exit("write: python -m app.comment REPORT.md")
    try:
        try:
            report = Path(sys.argv[1]).read_text(encoding="utf-8")
        except OSError as error:
            raise UnreadableInput(f"{sys.argv[1]}: {error.strerror}") from error
        done = post(report, place_of(os.environ))
    except LineageError as error:
        sys.stderr.write(f"error: {error}\n")
        sys.exit(error.exit_code)
    sys.stderr.write(f"comment {done}\n")


if __name__ == "__main__":
    main()
