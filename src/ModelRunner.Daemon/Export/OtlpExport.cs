using ModelRunner.Configuration;
using ModelRunner.Daemon.Accounting;
using ModelRunner.Daemon.Diagnostics;
using ModelRunner.Daemon.Runners;
using OpenTelemetry;
using OpenTelemetry.Metrics;
using OpenTelemetry.Resources;
using OpenTelemetry.Trace;

namespace ModelRunner.Daemon.Export;

/// <summary>
/// Sends spans and metrics to a receiver of OpenTelemetry's protocol. Threads of its own send; a request only adds its spans to a bounded queue,
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

    private OtlpExport(OtlpSettings settings, RunnerPool pool, RequestAccounts accounts, TimeProvider time, ILogger logger)
    {
        _time = time;
        if (settings.Traces is { } traces)
        {
            var batch = new BatchExportActivityProcessorOptions();
            var exporter = new ReportingTraceExporter(traces, new ExportLog("traces", traces.Endpoint, time, logger));
            _traces = Sdk.CreateTracerProviderBuilder()
                .SetResourceBuilder(MakeResource())
                .AddSource(OtelNames.Service)
                .AddProcessor(new BatchActivityExportProcessor(
                    exporter, batch.MaxQueueSize, batch.ScheduledDelayMilliseconds, batch.ExporterTimeoutMilliseconds, batch.MaxExportBatchSize))
                .Build();
            LogSending(logger, "Traces", AddressOf(traces.Endpoint));
        }

        if (settings.Metrics is { } metrics)
        {
            var period = new PeriodicExportingMetricReaderOptions();
            var exporter = new ReportingMetricExporter(metrics, new ExportLog("metrics", metrics.Endpoint, time, logger));
            var reader = new PeriodicExportingMetricReader(
                exporter, period.ExportIntervalMilliseconds ?? 60_000, period.ExportTimeoutMilliseconds ?? 30_000)
            {
                TemporalityPreference = settings.HasDeltas ? MetricReaderTemporalityPreference.Delta : MetricReaderTemporalityPreference.Cumulative,
            };
            _state = new StateInstruments(pool, accounts);
            _metrics = Sdk.CreateMeterProviderBuilder()
                .SetResourceBuilder(MakeResource())
                .AddMeter(OtelNames.Service)
                .AddReader(reader)
                .Build();
            LogSending(logger, "Metrics", AddressOf(metrics.Endpoint));
        }
    }

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
        return settings is { Traces: null, Metrics: null } ? null : new OtlpExport(settings, pool, accounts, time, logger);
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

    private static string AddressOf(Uri endpoint) => endpoint.GetComponents(UriComponents.SchemeAndServer | UriComponents.Path, UriFormat.UriEscaped);

    [LoggerMessage(LogLevel.Warning, "{Sentence}.")]
    private static partial void LogWarning(ILogger logger, string sentence);

    [LoggerMessage(LogLevel.Information, "{What} are sent to {Address}.")]
    private static partial void LogSending(ILogger logger, string what, string address);
}
