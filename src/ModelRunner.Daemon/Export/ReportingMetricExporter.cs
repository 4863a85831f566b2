using OpenTelemetry;
using OpenTelemetry.Exporter;
using OpenTelemetry.Metrics;

namespace ModelRunner.Daemon.Export;

/// <summary>Sends metrics and reports failures in our log, as <see cref="ReportingTraceExporter"/> does.</summary>
internal sealed class ReportingMetricExporter(OtlpExporterOptions options, ExportLog log) : OtlpMetricExporter(options)
{
    public override ExportResult Export(in Batch<Metric> metrics)
    {
        ExportResult result = base.Export(metrics);
        log.Report(result == ExportResult.Success);
        return result;
    }
}
