"""Receives OTLP over HTTP and prints what it decodes with OpenTelemetry's own definitions, one JSON object a line.

The first line names the port. POST /answer/STATUS changes how exports are answered; the status "hang" never answers,
"endless" sends a response without an end, and "slow" one byte now and then.
"""

import gzip
import json
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from opentelemetry.proto.collector.metrics.v1 import metrics_service_pb2
from opentelemetry.proto.collector.trace.v1 import trace_service_pb2

answer = sys.argv[1] if len(sys.argv) > 1 else "200"
lock = threading.Lock()


def say(line):
    with lock:
        print(json.dumps(line), flush=True)


def value_of(value):
    kind = value.WhichOneof("value")
    if kind == "array_value":
        return [value_of(item) for item in value.array_value.values]
    return getattr(value, kind) if kind else None


def attributes_of(pairs):
    return {pair.key: value_of(pair.value) for pair in pairs}


def unknown_in(message):
    """Whether a message has a field that the definitions do not know, at any depth."""
    if len(message.UnknownFields()):
        return True
    for field, value in message.ListFields():
        if field.type == field.TYPE_MESSAGE:
            for item in value if field.label == field.LABEL_REPEATED else [value]:
                if unknown_in(item):
                    return True
    return False


def say_spans(request):
    for resource in request.resource_spans:
        for scope in resource.scope_spans:
            for span in scope.spans:
                say({
                    "kind": "span", "resource": attributes_of(resource.resource.attributes), "scope": scope.scope.name, "name": span.name,
                    "trace": span.trace_id.hex(), "span": span.span_id.hex(), "parent": span.parent_span_id.hex(), "state": span.trace_state,
                    "spanKind": span.kind, "start": span.start_time_unix_nano, "end": span.end_time_unix_nano, "status": span.status.code,
                    "attributes": attributes_of(span.attributes),
                })


def say_metrics(request):
    for resource in request.resource_metrics:
        for scope in resource.scope_metrics:
            for metric in scope.metrics:
                kind = metric.WhichOneof("data")
                data = getattr(metric, kind)
                for point in data.data_points:
                    line = {
                        "kind": "point", "resource": attributes_of(resource.resource.attributes), "scope": scope.scope.name, "name": metric.name,
                        "unit": metric.unit, "type": kind, "temporality": getattr(data, "aggregation_temporality", 0),
                        "isMonotonic": getattr(data, "is_monotonic", False), "attributes": attributes_of(point.attributes),
                    }
                    if kind == "histogram":
                        line.update(count=point.count, sum=point.sum, bounds=list(point.explicit_bounds), buckets=list(point.bucket_counts))
                    else:
                        line["value"] = getattr(point, point.WhichOneof("value"))
                    say(line)


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self):
        global answer
        body = self.rfile.read(int(self.headers["Content-Length"]))
        if self.path.startswith("/answer/"):
            answer = self.path[len("/answer/"):]
            self.respond(200, b"")
            return
        say({"kind": "request", "path": self.path, "headers": {name.lower(): value for name, value in self.headers.items()}})
        if answer == "hang":
            threading.Event().wait()
        if answer in ("endless", "slow"):
            self.drip(answer == "slow")
            return
        if answer != "200":
            self.respond(int(answer), b"")
            return
        if self.headers.get("Content-Encoding") == "gzip":
            body = gzip.decompress(body)
        if self.path.endswith("/v1/traces"):
            request, response, say_all = trace_service_pb2.ExportTraceServiceRequest(), trace_service_pb2.ExportTraceServiceResponse(), say_spans
        else:
            request, response, say_all = metrics_service_pb2.ExportMetricsServiceRequest(), metrics_service_pb2.ExportMetricsServiceResponse(), say_metrics
        request.ParseFromString(body)
        if unknown_in(request):
            say({"kind": "error", "message": "the request has fields that are not defined"})
        say_all(request)
        self.respond(200, response.SerializeToString())

    def drip(self, is_slow):
        self.send_response(200)
        self.send_header("Content-Type", "application/x-protobuf")
        self.send_header("Connection", "close")
        self.end_headers()
        self.close_connection = True
        try:
            while True:
                self.wfile.write(b"x" if is_slow else b"x" * 4096)
                if is_slow:
                    threading.Event().wait(0.1)
        except OSError:
            pass

    def respond(self, status, body):
        self.send_response(status)
        self.send_header("Content-Type", "application/x-protobuf")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format, *args):
        pass


class Server(ThreadingHTTPServer):
    daemon_threads = True


server = Server(("127.0.0.1", 0), Handler)
say({"kind": "port", "port": server.server_port})
threading.Thread(target=server.serve_forever, daemon=True).start()

# The test that started this process closes its input, or ends.
sys.stdin.read()
