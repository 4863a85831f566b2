using System.Diagnostics;
using System.Text;
using Microsoft.AspNetCore.Http;
using ModelRunner.Daemon.Accounting;
using ModelRunner.Daemon.Runners;
using ModelRunner.Daemon.Tracing;
using ModelRunner.Scheduling;
using ModelRunner.Telemetry;

namespace ModelRunner.Daemon.Tests.Tracing;

/// <summary>The spans of one request, as a listener in this process gets them.</summary>
public sealed class RequestTraceTests : IDisposable
{
    private static readonly DateTimeOffset Arrival = new(2026, 1, 2, 3, 4, 5, TimeSpan.Zero);

    private readonly string _traceId = ActivityTraceId.CreateRandom().ToHexString();
    private readonly List<Activity> _spans = [];
    private readonly SteppedTime _time = new();
    private readonly RequestAccounts _accounts;
    private readonly ActivityListener _listener;

    public RequestTraceTests()
    {
        _accounts = new RequestAccounts(_time);
        _listener = new ActivityListener
        {
            ShouldListenTo = static source => source.Name == "model-runner",
            Sample = (ref ActivityCreationOptions<ActivityContext> options) =>
                options.TraceId.ToHexString() == _traceId ? ActivitySamplingResult.AllDataAndRecorded : ActivitySamplingResult.None,
            ActivityStopped = _spans.Add,
        };
        ActivitySource.AddActivityListener(_listener);
    }

    public void Dispose() => _listener.Dispose();

    [Fact]
    public void All_times_are_of_one_clock_that_changes_of_the_system_time_do_not_move()
    {
        (RequestTrace trace, RequestRecord record) = Begin();
        long loadStarted = _time.GetTimestamp();
        record.BeginWait();
        _time.Step(TimeSpan.FromHours(-5));
        _time.Advance(TimeSpan.FromSeconds(2));
        long ready = _time.GetTimestamp();
        using RunnerLease lease = Lease(new RunnerLoad(loadStarted, ready, []));
        record.EndWait(loadStarted, ready);
        trace.Admit(lease);
        _time.Advance(TimeSpan.FromSeconds(1));
        Respond(record, 200, ResponseFormat.Events, "data: {\"choices\":[{\"text\":\"a\"}]}\n\n");
        _time.Advance(TimeSpan.FromSeconds(1));
        trace.End(record);

        Assert.Equal(
            ["decode 3-4", "load 0-2", "prefill 2-3", "queue 0-2", "text_completion a:latest 0-4"],
            _spans.Select(static span => FormattableString.Invariant(
                $"{span.DisplayName} {(span.StartTimeUtc - Arrival.UtcDateTime).TotalSeconds}-{(span.StartTimeUtc + span.Duration - Arrival.UtcDateTime).TotalSeconds}"))
                .Order(StringComparer.Ordinal));
        Assert.Equal(2.0, Find("load").GetTagItem("model_runner.load.duration"));
    }

    [Theory]
    [InlineData("{}", null, null)]
    [InlineData("""{"usage":{"prompt_tokens":0,"completion_tokens":0}}""", 0L, 0L)]
    [InlineData("""{"timings":{"prompt_n":1,"cache_n":4,"predicted_n":2}}""", 5L, 2L)]
    public void Counts_that_are_not_known_are_left_out(string body, long? input, long? output)
    {
        (RequestTrace trace, RequestRecord record) = Begin();
        Respond(record, 200, ResponseFormat.Json, body);
        trace.End(record);

        Assert.Equal((input, output), (Tag("gen_ai.usage.input_tokens"), Tag("gen_ai.usage.output_tokens")));
    }

    [Fact]
    public void Of_a_stream_without_counts_only_the_generated_tokens_are_known()
    {
        (RequestTrace trace, RequestRecord record) = Begin();
        Respond(record, 200, ResponseFormat.Events, "data: {\"choices\":[{\"text\":\"a\"}]}\n\n");
        trace.End(record);

        Assert.Equal((null, 1L), (Tag("gen_ai.usage.input_tokens"), Tag("gen_ai.usage.output_tokens")));
    }

    [Fact]
    public void A_request_that_its_runner_refused_has_the_time_at_the_runner_too()
    {
        (RequestTrace trace, RequestRecord record) = Begin();
        record.BeginWait();
        record.EndWait();
        _time.Advance(TimeSpan.FromSeconds(1));
        record.SetStatus(400);
        record.Outcome = RequestOutcome.Completed;
        trace.End(record);

        Assert.Equal(TimeSpan.FromSeconds(1), Find("generate").Duration);
        Assert.Equal("4xx", Find("text_completion a:latest").GetTagItem("error.type"));
    }

    private (RequestTrace, RequestRecord) Begin()
    {
        var context = new DefaultHttpContext();
        context.Request.Headers.TraceParent = $"00-{_traceId}-b7ad6b7169203331-01";
        RequestTrace trace = RequestTrace.Begin(context, "text_completion", "/v1/completions")!;
        RequestRecord record = _accounts.Begin();
        _accounts.Assign(record, new RunnerKey("llama.cpp", "a:latest", RunnerMode.Completion));
        return (trace, record);
    }

    private static void Respond(RequestRecord record, int status, ResponseFormat format, string body)
    {
        record.SetStatus(status);
        record.HasResponse = true;
        record.BeginResponse(format);
        record.Read(Encoding.UTF8.GetBytes(body));
        record.EndResponse();
        record.Outcome = RequestOutcome.Completed;
    }

    private static RunnerLease Lease(RunnerLoad load)
    {
        var id = new RunnerId(1);
        return new RunnerLease(id, RunnerEndpointFactory.ForSocket(id, "/nowhere/r.sock"), static _ => { }) { Load = load };
    }

    /// <summary>A clock whose system time can be changed.</summary>
    private sealed class SteppedTime : TimeProvider
    {
        private TimeSpan _elapsed;
        private TimeSpan _step;

        public override DateTimeOffset GetUtcNow() => Arrival + _elapsed + _step;

        public override long GetTimestamp() => _elapsed.Ticks;

        public override long TimestampFrequency => TimeSpan.TicksPerSecond;

        public void Advance(TimeSpan time) => _elapsed += time;

        public void Step(TimeSpan time) => _step += time;
    }

    private Activity Find(string name) => Assert.Single(_spans, span => span.DisplayName == name);

    private long? Tag(string name) => (long?)Find("text_completion a:latest").GetTagItem(name);
}
