using ModelRunner.Daemon.Export;
using OpenTelemetry.Exporter;

namespace ModelRunner.Daemon.Tests.Export;

public sealed class OtlpSettingsTests
{
    private const string Endpoint = "OTEL_EXPORTER_OTLP_ENDPOINT";
    private const string TracesEndpoint = "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT";
    private const string Protocol = "OTEL_EXPORTER_OTLP_PROTOCOL";

    [Fact]
    public void Nothing_is_sent_without_an_endpoint()
    {
        OtlpSettings settings = Read((Protocol, "grpc"), ("OTEL_SERVICE_NAME", "x"), (Endpoint, ""));
        Assert.Equal((null, null, 0), (settings.Traces, settings.Metrics, settings.Warnings.Count));
    }

    [Theory]
    [InlineData("http://collector:4318")]
    [InlineData("http://collector:4318/")]
    [InlineData(" http://collector:4318 ")]
    [InlineData("http://collector:4318\n")]
    public void One_endpoint_gets_both_signals_at_their_paths(string endpoint)
    {
        OtlpSettings settings = Read((Endpoint, endpoint));
        Assert.Equal("http://collector:4318/v1/traces", settings.Traces!.Endpoint.AbsoluteUri);
        Assert.Equal("http://collector:4318/v1/metrics", settings.Metrics!.Endpoint.AbsoluteUri);
        Assert.Equal(OtlpExportProtocol.HttpProtobuf, settings.Traces.Protocol);
        Assert.Empty(settings.Warnings);
    }

    [Fact]
    public void The_endpoint_of_a_signal_is_used_as_it_is_and_only_for_that_signal()
    {
        OtlpSettings settings = Read((TracesEndpoint, "http://collector/ingest"));
        Assert.Equal("http://collector/ingest", settings.Traces!.Endpoint.AbsoluteUri);
        Assert.Null(settings.Metrics);
    }

    [Fact]
    public void A_variable_of_a_signal_comes_before_the_general_one()
    {
        OtlpSettings settings = Read(
            (Endpoint, "http://general:4318"), (TracesEndpoint, "http://own:4317"), (Protocol, "http/protobuf"), ("OTEL_EXPORTER_OTLP_TRACES_PROTOCOL", "grpc"),
            ("OTEL_EXPORTER_OTLP_HEADERS", "a=general"), ("OTEL_EXPORTER_OTLP_TRACES_HEADERS", "a=own"),
            ("OTEL_EXPORTER_OTLP_TIMEOUT", "1000"), ("OTEL_EXPORTER_OTLP_METRICS_TIMEOUT", "2000"));
        Assert.Equal(("http://own:4317/", OtlpExportProtocol.Grpc, "a=own", 1000), Of(settings.Traces!));
        Assert.Equal(("http://general:4318/v1/metrics", OtlpExportProtocol.HttpProtobuf, "a=general", 2000), Of(settings.Metrics!));
    }

    [Theory]
    [InlineData("OTEL_SDK_DISABLED", "true", false, false)]
    [InlineData("OTEL_SDK_DISABLED", "TRUE", false, false)]
    [InlineData("OTEL_SDK_DISABLED", "no", true, true)]
    [InlineData("OTEL_TRACES_EXPORTER", "none", false, true)]
    [InlineData("OTEL_METRICS_EXPORTER", "none", true, false)]
    [InlineData("OTEL_METRICS_EXPORTER", "otlp", true, true)]
    public void Signals_can_be_switched_off(string variable, string value, bool hasTraces, bool hasMetrics)
    {
        OtlpSettings settings = Read((Endpoint, "http://collector:4318"), (variable, value));
        Assert.Equal((hasTraces, hasMetrics, 0), (settings.Traces is not null, settings.Metrics is not null, settings.Warnings.Count));
    }

    [Theory]
    [InlineData("-1")]
    [InlineData("0")]
    [InlineData("1")]
    [InlineData("99")]
    [InlineData("1m")]
    [InlineData("99999999999")]
    public void A_wrong_time_between_reports_is_a_warning_and_metrics_are_not_sent(string value)
    {
        OtlpSettings settings = Read((Endpoint, "http://collector:4318"), ("OTEL_METRIC_EXPORT_INTERVAL", value));
        Assert.Null(settings.Metrics);
        Assert.NotNull(settings.Traces);
        Assert.Equal([$"OTEL_METRIC_EXPORT_INTERVAL is \"{value}\", but it must be a number of milliseconds, at least 100: metrics are not sent."], settings.Warnings);
        Assert.NotNull(Read((Endpoint, "http://collector:4318"), ("OTEL_METRIC_EXPORT_INTERVAL", " 100 ")).Metrics);
    }

    [Theory]
    [InlineData(Endpoint, "collector:4318", "OTEL_EXPORTER_OTLP_ENDPOINT is not an address")]
    [InlineData(Endpoint, "http://collector:4318?x", "OTEL_EXPORTER_OTLP_ENDPOINT has a query")]
    [InlineData(Endpoint, "/collector", "OTEL_EXPORTER_OTLP_ENDPOINT is not an address")]
    [InlineData(Endpoint, "unix:/run/otel.sock", "OTEL_EXPORTER_OTLP_ENDPOINT is not an address")]
    [InlineData(Protocol, "http/json", "OTEL_EXPORTER_OTLP_PROTOCOL is \"http/json\"")]
    [InlineData("OTEL_EXPORTER_OTLP_TIMEOUT", "10s", "OTEL_EXPORTER_OTLP_TIMEOUT is \"10s\"")]
    [InlineData("OTEL_EXPORTER_OTLP_TIMEOUT", "0", "OTEL_EXPORTER_OTLP_TIMEOUT is \"0\"")]
    [InlineData("OTEL_TRACES_EXPORTER", "zipkin", "OTEL_TRACES_EXPORTER is \"zipkin\"")]
    public void A_wrong_variable_is_a_warning_and_the_signal_is_not_sent(string variable, string value, string warning)
    {
        OtlpSettings settings = Read((Endpoint, "http://collector:4318"), (variable, value));
        Assert.Null(settings.Traces);
        Assert.StartsWith(warning, settings.Warnings[0], StringComparison.Ordinal);
    }

    [Fact]
    public void An_encrypted_endpoint_needs_OpenSsl()
    {
        Assert.Null(OtlpSettings.Read(static name => name == Endpoint ? "https://collector" : null, static () => false).Traces);
        Assert.NotNull(Read((Endpoint, "https://collector")).Traces);
    }

    [Fact]
    public void Metrics_can_be_sent_as_differences()
    {
        Assert.True(Read((Endpoint, "http://collector"), ("OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE", "delta")).HasDeltas);
        Assert.False(Read((Endpoint, "http://collector")).HasDeltas);
    }

    private static (string, OtlpExportProtocol, string?, int) Of(OtlpExporterOptions options) =>
        (options.Endpoint.AbsoluteUri, options.Protocol, options.Headers, options.TimeoutMilliseconds);

    private static OtlpSettings Read(params (string Name, string Value)[] variables) => OtlpSettings.Read(
        name => variables.LastOrDefault(variable => variable.Name == name).Value, static () => true);
}
