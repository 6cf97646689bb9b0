"""The consumer that a person means: `metabase/card/12`, `metabase:card/12`, `card/12`, an address.

What rules of attribution call a consumer is `tool:kind/id`; people copy what the browser shows.
"""

from __future__ import annotations

import re

# Address → consumer; the host is asked only where paths of several tools look alike.
_ADDRESSES = tuple(
    (re.compile(expression), consumer)
    for expression, consumer in (
        (r"lookerstudio\.google\.com/(?:u/\d+/)?reporting/([\w-]+)", "looker-studio:report/{}"),
        (r"mode(?:analytics)?\.com/[^?#]*?reports/([\w-]+)", "mode:report/{}"),
        (r"/hex/([\w-]+)", "hex:project/{}"),
        (r"sigmacomputing\.com/[^?#]*/workbook/([^/?#]+)", "sigma:workbook/{}"),
        (r"/superset/dashboard/([\w-]+)", "superset:dashboard/{}"),
        (r"/(?:superset/)?explore/?\?(?:.*&)?slice_id=(\d+)", "superset:chart/{}"),
        (r"/d(?:-solo)?/([\w-]+)(?:/|$|\?)", "grafana:dashboard/{}"),
        (r"/projects/[\w-]+/dashboards/([\w-]+)", "lightdash:dashboard/{}"),
        (r"/projects/[\w-]+/saved/([\w-]+)", "lightdash:chart/{}"),
        (r"databricks[^/]*/[^?#]*?dashboards(?:v3)?/([\w-]+)", "databricks:dashboard/{}"),
        (r"databricks[^/]*/[^#]*#?job/(\d+)", "databricks:job/{}"),
        (r"/dashboard/(\d+)", "metabase:dashboard/{}"),
        (r"/(?:question|model|metric)/(\d+)", "metabase:card/{}"),
        (r"/queries/(\d+)", "redash:query/{}"),
    )
)
_HTTP = re.compile(r"https?://", re.IGNORECASE)


def consumer_of(address: str) -> str:
    """The consumer, `tool:kind/id`, that an address of a tool shows; empty when it tells none."""
    if not _HTTP.match(address):
        return ""
    for expression, consumer in _ADDRESSES:
        found = expression.search(address)
        if found:
            return consumer.format(found.group(1))
    return ""


def spellings(text: str) -> tuple[str, ...]:
    """What a text may be called among `spellings_of` a consumer; the likeliest first."""
    address = consumer_of(text)
    plain = text.strip().strip("/").lower()
    return (address.lower(), plain) if address else (plain,)


def spellings_of(namespace: str, name: str, url: str = "") -> tuple[str, ...]:
    """How a consumer may be written, the most exact first."""
    found = (f"{namespace}:{name}", f"{namespace}/{name}", f"{namespace}.{name}", name)
    plain = url.strip().strip("/")
    written = (*found, name.replace("/", ":"), f"{namespace}:{name.replace('/', ':')}", plain)
    return tuple(dict.fromkeys(one.lower() for one in written if one))
