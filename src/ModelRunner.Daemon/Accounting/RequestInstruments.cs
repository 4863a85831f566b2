using System.Diagnostics;
using System.Diagnostics.Metrics;
using ModelRunner.Configuration;
using ModelRunner.Daemon.Diagnostics;

namespace ModelRunner.Daemon.Accounting;

/// <summary>
/// The instruments of requests and loads. They are changed at the moment at which an account is, so both have the same values, except
/// for what an account has from before the start of this process. Thread-safe. They cost nothing while there is no listener.
/// </summary>
/// <remarks>
/// They are not observed from the accounts: an observed counter would report the totals of earlier processes as if they were counted
/// since the start of this one, and there is no observed histogram.
/// </remarks>
internal static class RequestInstruments
{
    private const string Seconds = "s";

    private static readonly Meter Meter = new(OtelNames.Service, BuildInformation.Version);

    private static readonly Counter<long> Requests = Meter.CreateCounter<long>(
        "model_runner.requests", "{request}", "Inference requests that have ended, by outcome and class of status");

    private static readonly Counter<long> Tokens = Meter.CreateCounter<long>(
        "model_runner.tokens", "{token}", "Tokens of requests that have ended, by type; the prompt is without cached tokens");

    private static readonly Histogram<double> Duration = Create(
        "gen_ai.server.request.duration", "Time from the arrival of a request to its end", HistogramBounds.Request);

    private static readonly Histogram<double> FirstToken = Create(
        "gen_ai.server.time_to_first_token", "Time from the arrival of a streamed request to the first event with content", HistogramBounds.FirstToken);

    private static readonly Histogram<double> OutputToken = Create(
        "gen_ai.server.time_per_output_token", "Average time of a token after the first one, for each completed stream", HistogramBounds.OutputToken);

    private static readonly Histogram<double> QueueWait = Create(
        "model_runner.queue_wait", "Time until a runner took the request, loading included", HistogramBounds.Request);

    private static readonly Histogram<double> LoadWait = Create(
        "model_runner.load_wait", "Part of the queue wait during which the runner was loading, of requests that waited for a load", HistogramBounds.Load);

    private static readonly Counter<long> Loads = Meter.CreateCounter<long>(
        "model_runner.loads", "{load}", "Loads of models that have ended, by result");

    private static readonly Histogram<double> LoadDuration = Create(
        "model_runner.load_duration", "Time from the start of a runner until it was ready; successful loads only", HistogramBounds.Load);

    /// <summary>The labels of a model, as on the page.</summary>
    public static TagList LabelsOf(AccountName name)
    {
        var labels = new TagList();
        if (name.Model.Length == 0)
            return labels;
        labels.Add("backend", name.Backend);
        labels.Add("model", name.Model);
        labels.Add("mode", name.Mode);
        return labels;
    }

    /// <summary>A request was added to its account. A listener that fails does not stop the accounting.</summary>
    public static void Count(EndedRequest request)
    {
        if (!IsEnabled)
            return;
        try
        {
            Record(request);
        }
        catch (Exception failure)
        {
            Debug.WriteLine(failure);
        }
    }

    private static void Record(EndedRequest request)
    {
        TagList labels = LabelsOf(AccountName.Of(request.Key));
        TagList counted = labels;
        counted.Add("outcome", request.Outcome.ToLabelValue());
        counted.Add("status_class", request.Status.ToLabelValue());
        Requests.Add(1, counted);
        if (request.Key is null || request.Outcome == RequestOutcome.Lost)
            return;

        if (request.HasResponse)
        {
            foreach ((TokenType type, long count) in ModelAccount.TokensOf(request.Figures))
                if (count > 0)
                    Tokens.Add(count, [.. labels, new("type", type.ToLabelValue())]);
        }

        if (request.QueueWait is { } wait)
            QueueWait.Record(wait.TotalSeconds, labels);
        if (request.LoadWait is { } load && load > TimeSpan.Zero)
            LoadWait.Record(load.TotalSeconds, labels);
        TagList operation = OperationOf(request);
        if (request.TimeToFirstToken is { } first)
            FirstToken.Record(first.TotalSeconds, operation);
        if (request.TimePerOutputToken is { } token)
            OutputToken.Record(token.TotalSeconds, operation);
        if (AccountLabels.ErrorTypeOf(request.Outcome, request.Status) is { } error)
            operation.Add(OtelNames.ErrorType, error);
        Duration.Record(request.Duration.TotalSeconds, operation);
    }

    /// <summary>A load has ended.</summary>
    /// <param name="name">Its model.</param>
    /// <param name="result">How it ended.</param>
    /// <param name="duration">How long it took if it was successful.</param>
    public static void Count(AccountName name, LoadResult result, TimeSpan? duration = null)
    {
        if (!Loads.Enabled && !LoadDuration.Enabled)
            return;
        TagList labels = LabelsOf(name);
        Loads.Add(1, [.. labels, new("result", result.ToLabelValue())]);
        if (duration is { } time)
            LoadDuration.Record(time.TotalSeconds, labels);
    }

    private static bool IsEnabled => Requests.Enabled || Tokens.Enabled || Duration.Enabled || FirstToken.Enabled || OutputToken.Enabled
        || QueueWait.Enabled || LoadWait.Enabled;

    private static TagList OperationOf(EndedRequest request)
    {
        var labels = new TagList
        {
            { OtelNames.Provider, request.Key!.Value.Backend },
            { OtelNames.RequestModel, request.Key.Value.Model },
        };
        if (request.Operation is { } operation)
            labels.Add(OtelNames.Operation, operation);
        return labels;
    }

    private static Histogram<double> Create(string name, string description, IReadOnlyList<HistogramBound> bounds) =>
        Meter.CreateHistogram(name, Seconds, description, tags: null, new InstrumentAdvice<double>
        {
            HistogramBucketBoundaries = [.. bounds.Select(static bound => bound.Seconds)],
        });
}
