using ModelRunner.Configuration;
using ModelRunner.Daemon.Accounting;
using ModelRunner.Daemon.Diagnostics;
using ModelRunner.Daemon.Runners;
using OpenTelemetry;
using OpenTelemetry.Exporter;
using OpenTelemetry.Metrics;
using OpenTelemetry.Resources;
using OpenTelemetry.Trace;

namespace ModelRunner.Daemon.Export;

/// <summary>
/// Sends spans and metrics to a receiver of OpenTelemetry's protocol. Separate threads send; a request only adds its spans to a bounded queue,
/// and spans that do not fit are dropped.
/// </summary>
internal sealed partial class OtlpExport : IAsyncDisposable
{
    /// <summary>How long the last report may take when the daemon ends.</summary>
    private static readonly TimeSpan EndTimeout = TimeSpan.FromSeconds(1);

    private readonly TracerProvider? _traces;
    private readonly MeterProvider? _metrics;
    private readonly StateInstruments? _state;
    private readonly TimeProvider _time;

    private OtlpExport(TracerProvider? traces, MeterProvider? metrics, StateInstruments? state, TimeProvider time) =>
        (_traces, _metrics, _state, _time) = (traces, metrics, state, time);

    /// <summary>Begins to send.</summary>
    /// <param name="settings">Where to send what.</param>
    /// <param name="pool">The runners.</param>
    /// <param name="accounts">The totals of requests.</param>
    /// <param name="time">The clock.</param>
    /// <param name="logger">The log.</param>
    /// <returns>Null if nothing is to be sent.</returns>
    public static OtlpExport? Start(OtlpSettings settings, RunnerPool pool, RequestAccounts accounts, TimeProvider time, ILogger<OtlpExport> logger)
    {
        foreach (string warning in settings.Warnings)
            LogWarning(logger, warning);
        TracerProvider? traces = settings.Traces is { } traceOptions
            ? TryStart("traces", traceOptions, log => StartTraces(traceOptions, log), time, logger)
            : null;
        if (settings.Metrics is not { } metricOptions)
            return traces is null ? null : new OtlpExport(traces, metrics: null, state: null, time);

        var state = new StateInstruments(pool, accounts);
        MeterProvider? metrics = TryStart("metrics", metricOptions, log => StartMetrics(metricOptions, settings.HasDeltas, log), time, logger);
        return new OtlpExport(traces, metrics, state, time);
    }

    /// <summary>Sends what is left. Takes at most a second, and does not fail.</summary>
    public async ValueTask DisposeAsync()
    {
        try
        {
            await Task.WhenAll(Task.Run(() => End(_traces, static (provider, limit) => provider.Shutdown(limit))),
                Task.Run(() => End(_metrics, static (provider, limit) => provider.Shutdown(limit)))).WaitAsync(EndTimeout, _time);
            _state?.Dispose();
        }
        catch (TimeoutException)
        {
            // The threads are in the background and end with the process.
        }
    }

    // The library refuses some values of its variables with an exception. That must not cost the daemon its start.
    private static T? TryStart<T>(string what, OtlpExporterOptions options, Func<ExportLog, T> start, TimeProvider time, ILogger logger)
        where T : class
    {
        var log = new ExportLog(what, options.Endpoint, time, logger);
        options.HttpClientFactory = () =>
            new HttpClient(new ReceiverHandler(log)) { Timeout = TimeSpan.FromMilliseconds(options.TimeoutMilliseconds) };
        try
        {
            T provider = start(log);
            log.Begin();
            return provider;
        }
        catch (Exception failure)
        {
            LogWarning(logger, $"The {what} are not sent, because a variable of OpenTelemetry has a wrong value: {failure.Message}");
            return null;
        }
    }

    private static TracerProvider StartTraces(OtlpExporterOptions options, ExportLog log)
    {
        var batch = new BatchExportActivityProcessorOptions();
        return Sdk.CreateTracerProviderBuilder()
            .SetResourceBuilder(MakeResource())
            .AddSource(OtelNames.Service)
            .AddProcessor(new BatchActivityExportProcessor(
                new ReportingTraceExporter(options, log), batch.MaxQueueSize, batch.ScheduledDelayMilliseconds, batch.ExporterTimeoutMilliseconds,
                batch.MaxExportBatchSize))
            .Build();
    }

    private static MeterProvider StartMetrics(OtlpExporterOptions options, bool hasDeltas, ExportLog log)
    {
        var period = new PeriodicExportingMetricReaderOptions();
        return Sdk.CreateMeterProviderBuilder()
            .SetResourceBuilder(MakeResource())
            .AddMeter(OtelNames.Service)
            .AddReader(new PeriodicExportingMetricReader(
                new ReportingMetricExporter(options, log), period.ExportIntervalMilliseconds ?? 60_000, period.ExportTimeoutMilliseconds ?? 30_000)
            {
                TemporalityPreference = hasDeltas ? MetricReaderTemporalityPreference.Delta : MetricReaderTemporalityPreference.Cumulative,
            })
            .Build();
    }

    private static void End<T>(T? provider, Func<T, int, bool> shutDown)
        where T : BaseProvider
    {
        if (provider is null)
            return;
        shutDown(provider, (int)EndTimeout.TotalMilliseconds);
        provider.Dispose();
    }

    // What the user says comes last, so that it replaces the rest.
    private static ResourceBuilder MakeResource() => ResourceBuilder.CreateEmpty()
        .AddService(OtelNames.Service, serviceVersion: BuildInformation.Version)
        .AddTelemetrySdk()
        .AddEnvironmentVariableDetector();

    [LoggerMessage(LogLevel.Warning, "{Sentence}")]
    private static partial void LogWarning(ILogger logger, string sentence);
}
