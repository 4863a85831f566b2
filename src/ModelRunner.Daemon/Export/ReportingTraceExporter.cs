using System.Diagnostics;
using OpenTelemetry;
using OpenTelemetry.Exporter;

namespace ModelRunner.Daemon.Export;

/// <summary>Sends spans and reports failures in our log: OpenTelemetry reports them only with event sources, which published builds do not have.</summary>
internal sealed class ReportingTraceExporter(OtlpExporterOptions options, ExportLog log) : OtlpTraceExporter(options)
{
    public override ExportResult Export(in Batch<Activity> activityBatch)
    {
        ExportResult result = base.Export(activityBatch);
        log.Report(result == ExportResult.Success);
        return result;
    }
}
