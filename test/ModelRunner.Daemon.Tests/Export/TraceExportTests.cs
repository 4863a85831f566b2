using System.Text.Json;
using ModelRunner.Testing;

namespace ModelRunner.Daemon.Tests.Export;

/// <summary>The spans of requests as a receiver gets them.</summary>
public sealed class TraceExportTests
{
    private const string TraceId = "0af7651916cd43dd8448eb211c80319c";
    private const string ParentId = "b7ad6b7169203331";

    [Fact]
    public async Task A_request_continues_the_trace_of_its_client_and_its_runner_continues_that()
    {
        await using OtlpReceiver receiver = await OtlpReceiver.StartAsync();
        await using DaemonFixture daemon = await DaemonFixture.StartAsync(OtlpDaemon.Setup(receiver.Address));
        Assert.Equal(200, await OtlpDaemon.ChatAsync(daemon, OtlpDaemon.Stream, $"00-{TraceId}-{ParentId}-01", "vendor=1"));
        await receiver.WaitUntilAsync(() => receiver.Spans.Count == 5);

        JsonElement request = Find(receiver, "chat tiny-chat:latest");
        Assert.Equal((TraceId, ParentId, "vendor=1"), (request.Text("trace"), request.Text("parent"), request.Text("state")));
        Assert.Equal($"00-{TraceId}-{request.Text("span")}-01", await OtlpDaemon.RunnerHeaderAsync(daemon, "traceparent"));
        Assert.Equal("vendor=1", await OtlpDaemon.RunnerHeaderAsync(daemon, "tracestate"));

        JsonElement queue = Find(receiver, "queue"), load = Find(receiver, "load"), prefill = Find(receiver, "prefill"), decode = Find(receiver, "decode");
        Assert.All([queue, prefill, decode], part => Assert.Equal(request.Text("span"), part.Text("parent")));
        Assert.Equal(queue.Text("span"), load.Text("parent"));
        Assert.All(receiver.Spans, span => Assert.Equal((TraceId, "model-runner"), (span.Text("trace"), span.Text("scope"))));
        long[] order = [Start(request), Start(queue), Start(load), End(load), End(queue), End(prefill), End(decode), End(request)];
        Assert.Equal(order.Order(), order);
        Assert.Equal((End(queue), End(prefill)), (Start(prefill), Start(decode)));
    }

    [Fact]
    public async Task A_span_describes_its_request_and_has_no_text_of_the_client()
    {
        await using OtlpReceiver receiver = await OtlpReceiver.StartAsync();
        await using DaemonFixture daemon = await DaemonFixture.StartAsync(OtlpDaemon.Setup(
            receiver.Address, ("OTEL_SERVICE_NAME", "my-models"), ("OTEL_RESOURCE_ATTRIBUTES", "deployment.environment.name=lab"),
            ("OTEL_EXPORTER_OTLP_HEADERS", "authorization=Bearer%20x")));
        Assert.Equal(200, await OtlpDaemon.ChatAsync(daemon));
        await receiver.WaitUntilAsync(() => receiver.Spans.Count == 4);

        JsonElement request = Find(receiver, "chat tiny-chat:latest");
        JsonElement attributes = request.GetProperty("attributes");
        var shown = attributes.EnumerateObject().ToDictionary(static item => item.Name, static item => item.Value.ToString());
        Assert.Equal(
            new Dictionary<string, string>(StringComparer.Ordinal)
            {
                ["gen_ai.operation.name"] = "chat", ["gen_ai.provider.name"] = "llama.cpp", ["gen_ai.request.model"] = "tiny-chat:latest",
                ["gen_ai.usage.input_tokens"] = "2", ["gen_ai.usage.output_tokens"] = "3", ["gen_ai.response.finish_reasons"] = """["length"]""",
                ["http.request.method"] = "POST", ["http.route"] = "/v1/chat/completions", ["http.response.status_code"] = "200",
                ["model_runner.mode"] = "completion", ["model_runner.outcome"] = "completed",
            },
            shown);
        Assert.Equal(("", 2, 0), (request.Text("parent"), request.GetProperty("spanKind").GetInt32(), request.GetProperty("status").GetInt32()));
        JsonElement resource = request.GetProperty("resource");
        Assert.Equal(("my-models", "lab"), (resource.Text("service.name"), resource.Text("deployment.environment.name")));
        Assert.Equal(["generate", "load", "queue"], receiver.Spans.Select(static span => span.Text("name")).Where(static name => name != "chat tiny-chat:latest").Order());
        Assert.DoesNotContain(receiver.Spans, static span => span.ToString().Contains("secret", StringComparison.Ordinal));
        Assert.Contains(receiver.Requests, static sent => sent.Text("path") == "/v1/traces" && sent.GetProperty("headers").Text("authorization") == "Bearer x");
    }

    [Fact]
    public async Task A_load_names_the_models_that_were_stopped_for_it()
    {
        await using OtlpReceiver receiver = await OtlpReceiver.StartAsync();
        await using DaemonFixture daemon = await DaemonFixture.StartAsync(
            OtlpDaemon.Setup(receiver.Address) with { Configuration = """{ "limits": { "maxRunners": 1 } }""" });
        Assert.Equal(200, await OtlpDaemon.ChatAsync(daemon));
        Assert.Equal(200, (await daemon.PostAsync("v1/embeddings", """{"model":"tiny-embed","input":"a"}""")).Status);
        await receiver.WaitUntilAsync(() => receiver.Spans.Count == 8);

        JsonElement embeddings = Find(receiver, "embeddings tiny-embed:latest");
        JsonElement load = Assert.Single(receiver.Spans, span => span.Text("name") == "load" && span.Text("trace") == embeddings.Text("trace"));
        Assert.Equal("""["tiny-chat:latest"]""", load.Attribute("model_runner.load.evicted").ToString());
        Assert.True(load.Attribute("model_runner.load.duration").GetDouble() > 0);
    }

    [Fact]
    public async Task A_request_that_fails_says_why()
    {
        await using OtlpReceiver receiver = await OtlpReceiver.StartAsync();
        await using DaemonFixture daemon = await DaemonFixture.StartAsync(
            OtlpDaemon.Setup(receiver.Address).WithFaults("""{"exit_at_request": 3}"""));
        Assert.Equal(502, await OtlpDaemon.ChatAsync(daemon));
        Assert.Equal(404, await OtlpDaemon.ChatAsync(daemon, """{"model":"no-such-model","messages":[]}"""));
        await receiver.WaitUntilAsync(() => receiver.Spans.Count(static span => span.HasAttribute("http.route")) == 2);

        JsonElement failed = Find(receiver, "chat tiny-chat:latest");
        Assert.Equal(("runner_failed", "runner_failed", 502, 2), Result(failed));
        JsonElement unknown = Find(receiver, "chat");
        Assert.Equal(("invalid", "invalid", 404, 0), Result(unknown));
        Assert.DoesNotContain("no-such-model", unknown.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_sampler_of_the_variables_decides_and_the_context_is_passed_on_without_it()
    {
        await using OtlpReceiver receiver = await OtlpReceiver.StartAsync();
        await using DaemonFixture daemon = await DaemonFixture.StartAsync(OtlpDaemon.Setup(receiver.Address, ("OTEL_TRACES_SAMPLER", "parentbased_traceidratio"), ("OTEL_TRACES_SAMPLER_ARG", "0")));
        Assert.Equal(200, await OtlpDaemon.ChatAsync(daemon));
        Assert.EndsWith("-00", await OtlpDaemon.RunnerHeaderAsync(daemon, "traceparent"), StringComparison.Ordinal);
        Assert.Equal(200, await OtlpDaemon.ChatAsync(daemon, OtlpDaemon.Chat, $"00-{TraceId}-{ParentId}-01"));
        await receiver.WaitUntilAsync(() => receiver.Spans.Any(static span => span.HasAttribute("http.route")));

        Assert.All(receiver.Spans, static span => Assert.Equal(TraceId, span.Text("trace")));
    }

    [Fact]
    public async Task Without_an_endpoint_the_context_of_the_client_reaches_the_runner_unchanged()
    {
        await using DaemonFixture daemon = await DaemonFixture.StartAsync();
        Assert.Equal(200, await OtlpDaemon.ChatAsync(daemon, OtlpDaemon.Chat, $"00-{TraceId}-{ParentId}-01", "vendor=1"));
        Assert.Equal($"00-{TraceId}-{ParentId}-01", await OtlpDaemon.RunnerHeaderAsync(daemon, "traceparent"));
        Assert.Equal("vendor=1", await OtlpDaemon.RunnerHeaderAsync(daemon, "tracestate"));

        Assert.Equal(200, await OtlpDaemon.ChatAsync(daemon));
        Assert.Null(await OtlpDaemon.RunnerHeaderAsync(daemon, "traceparent"));
        Assert.Equal(200, await OtlpDaemon.ChatAsync(daemon, OtlpDaemon.Chat, "nonsense", "vendor=1"));
        Assert.Null(await OtlpDaemon.RunnerHeaderAsync(daemon, "traceparent"));
        Assert.Null(await OtlpDaemon.RunnerHeaderAsync(daemon, "tracestate"));
    }

    [Fact]
    public async Task Spans_and_metrics_are_sent_with_gRPC_too()
    {
        await using OtlpReceiver receiver = await OtlpReceiver.StartAsync();
        await using GrpcGateway gateway = await GrpcGateway.StartAsync(receiver.Address);
        await using DaemonFixture daemon = await DaemonFixture.StartAsync(OtlpDaemon.Setup(
            gateway.Address, ("OTEL_EXPORTER_OTLP_PROTOCOL", "grpc"), ("OTEL_EXPORTER_OTLP_HEADERS", "x-tenant=me")));
        Assert.Equal(200, await OtlpDaemon.ChatAsync(daemon));
        await receiver.WaitUntilAsync(() => receiver.Spans.Count == 4 && receiver.Points.Any(static point => point.Text("name") == "model_runner.requests"));
        Assert.All(gateway.Tenants, static tenant => Assert.Equal("me", tenant));
    }

    private static JsonElement Find(OtlpReceiver receiver, string name) => Assert.Single(receiver.Spans, span => span.Text("name") == name);

    private static (string?, string?, int, int) Result(JsonElement span) => (
        span.Attribute("error.type").GetString(), span.Attribute("model_runner.outcome").GetString(), span.Attribute("http.response.status_code").GetInt32(),
        span.GetProperty("status").GetInt32());

    private static long Start(JsonElement span) => span.GetProperty("start").GetInt64();

    private static long End(JsonElement span) => span.GetProperty("end").GetInt64();
}
