# What schemathesis does not know by itself: bodies of lines, and times near now.
import json
from datetime import datetime, timedelta, timezone
from itertools import count

import schemathesis
from hypothesis import strategies as st

LINES = "application/x-ndjson"
CALL, ORDER = count(), count()
STARTED = datetime.now(timezone.utc)


@schemathesis.hook
def before_load_schema(context, raw_schema):
    """OpenAPI 3.1 describes one line of a body of lines; here the whole body is generated and checked, as the array of its lines."""
    for operations in raw_schema["paths"].values():
        for operation in operations.values():
            for described in [operation.get("requestBody", {}), *operation["responses"].values()]:
                content = described.get("content", {})
                if LINES in content:
                    content[LINES]["schema"] = {"type": "array", "minItems": 1, "items": content[LINES]["schema"]}


@schemathesis.serializer(LINES)
def lines_of(ctx, value):
    # What is no array, on purpose, is one line.
    lines = value if isinstance(value, list) else [value]
    return b"".join(json.dumps(line).encode() + b"\n" for line in lines)


@schemathesis.deserializer(LINES)
def outcomes_of(ctx, response):
    return [json.loads(line) for line in response.content.decode().splitlines()]


# Of times of all years hardly one is within the days that are accepted, and no order would get further than that.
recent = st.integers(0, 6 * 86_400).map(lambda seconds: (STARTED - timedelta(seconds=seconds)).isoformat())
any_time = st.datetimes(timezones=st.just(timezone.utc)).map(lambda time: time.isoformat())
schemathesis.openapi.format("date-time", st.one_of(recent, any_time))


@schemathesis.hook
def before_call(context, case, kwargs):
    """Of valid orders every other is a new one: generated ids come again and again, and would all but end in a conflict."""
    if case.meta is None or not case.meta.generation.mode.is_positive or next(CALL) % 2:
        return
    for order in case.body if isinstance(case.body, list) else [case.body]:
        if isinstance(order, dict) and "externalOrderId" in order:
            order["externalOrderId"] = f"fuzz-{next(ORDER)}"
            if "Idempotency-Key" in (case.headers or {}):
                case.headers["Idempotency-Key"] = order["externalOrderId"]
