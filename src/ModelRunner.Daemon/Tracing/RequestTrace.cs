using System.Diagnostics;
using System.Net.Http.Headers;
using ModelRunner.Configuration;
using ModelRunner.Daemon.Accounting;
using ModelRunner.Daemon.Diagnostics;
using ModelRunner.Daemon.Runners;

namespace ModelRunner.Daemon.Tracing;

/// <summary>
/// The place of one request in a trace: the context that the client sent, and the span of the daemon if there is a listener. The spans of its
/// parts are made at its end from the times that its <see cref="RequestRecord"/> has. Not thread-safe.
/// </summary>
internal sealed class RequestTrace
{
    private static readonly ActivitySource Source = new(OtelNames.Service, BuildInformation.Version);

    private readonly ActivityContext _context;
    private readonly Activity? _span;
    private readonly string _operation;
    private RunnerLoad? _load;

    private RequestTrace(ActivityContext context, Activity? span, string operation) => (_context, _span, _operation) = (context, span, operation);

    /// <summary>The id of the trace if it is sampled, as 32 hexadecimal digits; null otherwise.</summary>
    public string? SampledId => _context.TraceFlags.HasFlag(ActivityTraceFlags.Recorded) ? _context.TraceId.ToHexString() : null;

    /// <summary>Begins the trace of a request.</summary>
    /// <param name="context">The client's request. <see cref="Of"/> finds its trace.</param>
    /// <param name="operation">What the request asks for, in OpenTelemetry's words, for instance <c>chat</c>.</param>
    /// <param name="route">The route without its prefix.</param>
    /// <returns>Null if the client sent no context and there is no listener.</returns>
    public static RequestTrace? Begin(HttpContext context, string operation, string route)
    {
        ActivityContext? sent = TraceHeaders.Read(context.Request.Headers);
        Activity? span = Source.HasListeners() ? Start(sent ?? default, operation) : null;
        if (span is null && sent is null)
            return null;
        span?.SetTag(OtelNames.Operation, operation).SetTag(OtelNames.HttpMethod, HttpMethods.Post).SetTag(OtelNames.HttpRoute, route);
        var trace = new RequestTrace(span is null ? sent!.Value : TraceHeaders.WithFlagsOf(span.Context, sent), span, operation);
        context.Features.Set(trace);
        return trace;
    }

    /// <summary>The trace of a request; null if it has none.</summary>
    public static RequestTrace? Of(HttpContext context) => context.Features.Get<RequestTrace>();

    /// <summary>A runner takes the request.</summary>
    public void Admit(RunnerLease lease) => _load ??= lease.Load;

    /// <summary>Lets the runner continue the trace.</summary>
    public void Pass(HttpRequestHeaders headers) => TraceHeaders.Write(_context, headers);

    /// <summary>Ends the span, and makes the spans of its parts.</summary>
    public void End(RequestRecord record)
    {
        if (_span is not { } span)
            return;
        RequestTimes times = record.Times;
        if (span.IsAllDataRequested)
        {
            Describe(span, record);
            AddParts(span.Context, times, record);
        }

        // The library's own clock follows changes of the system's time, and that of the parts does not.
        span.SetStartTime(times.ArrivedAt.UtcDateTime).SetEndTime(times.Now.UtcDateTime);
        span.Stop();
    }

    // A span without a parent would otherwise get the one that the web server may have made, which is not recorded.
    private static Activity? Start(ActivityContext parent, string operation)
    {
        Activity? current = Activity.Current;
        Activity.Current = null;
        try
        {
            return Source.StartActivity(operation, ActivityKind.Server, parent);
        }
        finally
        {
            Activity.Current = current;
        }
    }

    private void Describe(Activity span, RequestRecord record)
    {
        if (record.Key is { } key)
        {
            span.DisplayName = $"{_operation} {key.Model}";
            span.SetTag(OtelNames.Provider, key.Backend).SetTag(OtelNames.RequestModel, key.Model).SetTag(OtelNames.Mode, ModeText.Format(key.Mode));
        }

        if (record.StatusCode is { } status)
            span.SetTag(OtelNames.HttpStatus, status);
        // A request that only loads a model has no outcome if it was successful.
        RequestOutcome outcome = record.Outcome ?? (record.Status == StatusClass.Successful ? RequestOutcome.Completed : RequestOutcome.Error);
        span.SetTag(OtelNames.Outcome, outcome.ToLabelValue());
        span.SetTag(OtelNames.ErrorType, AccountLabels.ErrorTypeOf(outcome, record.Status));
        if (outcome is RequestOutcome.RunnerFailed or RequestOutcome.Error or RequestOutcome.Refused || record.Status == StatusClass.ServerError)
            span.SetStatus(ActivityStatusCode.Error);
        if (!record.HasResponse)
            return;

        var figures = record.Figures;
        if (figures.Source is Telemetry.FigureSource.Timings or Telemetry.FigureSource.Usage)
            span.SetTag(OtelNames.InputTokens, figures.PromptTokens + figures.CachedTokens);
        if (figures.Source != Telemetry.FigureSource.None)
            span.SetTag(OtelNames.OutputTokens, figures.GeneratedTokens);
        if (figures.CachedTokens > 0)
            span.SetTag(OtelNames.CachedTokens, figures.CachedTokens);
        if (figures.Finish != Telemetry.FinishReason.None)
            span.SetTag(OtelNames.FinishReasons, (string[])[figures.Finish.ToLabelValue()]);
    }

    private void AddParts(ActivityContext parent, RequestTimes times, RequestRecord record)
    {
        if (times.WaitedFrom is not { } waited)
            return;
        DateTimeOffset admitted = times.AdmittedAt ?? times.Now;
        using (Activity? queue = Part("queue", parent, waited, admitted))
            if (queue is not null && _load is { } load && record.TimeAt(load.ReadyAt) > waited)
                AddLoad(queue.Context, load, record, waited);

        if (times.AdmittedAt is null)
            return;
        if (times.FirstTokenAt is { } first)
        {
            Part("prefill", parent, admitted, first)?.Dispose();
            Part("decode", parent, first, times.Now)?.Dispose();
        }
        else
        {
            Part("generate", parent, admitted, times.Now)?.Dispose();
        }
    }

    // The load may have begun for another request.
    private static void AddLoad(ActivityContext parent, RunnerLoad load, RequestRecord record, DateTimeOffset waited)
    {
        (DateTimeOffset started, DateTimeOffset ready) = (record.TimeAt(load.StartedAt), record.TimeAt(load.ReadyAt));
        using Activity? span = Part("load", parent, started > waited ? started : waited, ready);
        span?.SetTag(OtelNames.LoadDuration, (ready - started).TotalSeconds);
        span?.SetTag(OtelNames.LoadEvicted, (string[])[.. load.Evicted.Select(static key => key.Model)]);
    }

    private static Activity? Part(string name, ActivityContext parent, DateTimeOffset from, DateTimeOffset to) =>
        Source.StartActivity(name, ActivityKind.Internal, parent, startTime: from)?.SetEndTime(to.UtcDateTime);
}
