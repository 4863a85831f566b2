"""Reads pages with prometheus_client. Input: for each page a line "name length", then its bytes. Output: one JSON line a page."""
import json
import struct
import sys

from prometheus_client.openmetrics.parser import text_string_to_metric_families as read_openmetrics
from prometheus_client.parser import text_string_to_metric_families as read_text


def describe(sample):
    labels = "|".join(f"{name}={value}" for name, value in sorted(sample.labels.items()))
    # The reader of OpenMetrics takes "-0" as an integer, which has no sign; so the sign of zero is not compared.
    value = float(sample.value) + 0.0
    bits = "nan" if value != value else struct.pack(">d", value).hex()
    return f"{sample.name}|{labels}|{bits}"


def read(name, page):
    reader = read_openmetrics if name.endswith(".om") else read_text
    return [describe(sample) for family in reader(page.decode("utf-8")) for sample in family.samples]


stream = sys.stdin.buffer
while header := stream.readline():
    name, length = header.decode("utf-8").split(" ")
    page = stream.read(int(length))
    result = {"page": name, "error": None, "samples": []}
    try:
        result["samples"] = read(name, page)
    except Exception as problem:
        result["error"] = repr(problem)
    print(json.dumps(result))
