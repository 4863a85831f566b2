using System.Globalization;
using ModelRunner.Configuration;
using OpenTelemetry.Exporter;

namespace ModelRunner.Daemon.Export;

/// <summary>Where traces and metrics are sent, as the variables of OpenTelemetry say. Without an endpoint nothing is sent.</summary>
internal sealed record OtlpSettings
{
    /// <summary>The prefix of the variables of the exporter.</summary>
    private const string Prefix = "OTEL_EXPORTER_OTLP_";

    private const string Interval = "OTEL_METRIC_EXPORT_INTERVAL";

    /// <summary>A shorter time between two reports would keep the daemon and the receiver busy.</summary>
    private const int MinIntervalMilliseconds = 100;

    /// <summary>How traces are sent; null: they are not.</summary>
    public OtlpExporterOptions? Traces { get; private init; }

    /// <summary>How metrics are sent; null: they are not.</summary>
    public OtlpExporterOptions? Metrics { get; private init; }

    /// <summary>Whether each report of metrics has only what was added since the last one.</summary>
    public bool HasDeltas { get; private init; }

    /// <summary>What is wrong with the variables, in sentences. A signal with a wrong variable is not sent.</summary>
    public IReadOnlyList<string> Warnings { get; private init; } = [];

    /// <summary>Reads the variables.</summary>
    /// <param name="variables">Returns the value of a variable; null or empty: it is not set.</param>
    /// <param name="hasOpenSsl">Whether TLS can be used.</param>
    public static OtlpSettings Read(Func<string, string?> variables, Func<bool> hasOpenSsl)
    {
        if (string.Equals(variables("OTEL_SDK_DISABLED"), "true", StringComparison.OrdinalIgnoreCase))
            return new OtlpSettings();
        var warnings = new List<string>();
        return new OtlpSettings
        {
            Traces = ReadSignal("TRACES", variables, hasOpenSsl, warnings),
            Metrics = ReadSignal("METRICS", variables, hasOpenSsl, warnings),
            HasDeltas = string.Equals(variables(Prefix + "METRICS_TEMPORALITY_PREFERENCE"), "delta", StringComparison.OrdinalIgnoreCase),
            Warnings = warnings,
        };
    }

    private static OtlpExporterOptions? ReadSignal(
        string signal, Func<string, string?> variables, Func<bool> hasOpenSsl, List<string> warnings)
    {
        string exporter = $"OTEL_{signal}_EXPORTER";
        if (variables(exporter)?.Trim() is { Length: > 0 } kind && kind != "otlp")
        {
            if (kind != "none")
                warnings.Add($"{exporter} is \"{kind}\", but only otlp and none are known: {signal.ToLowerInvariant()} are not sent.");
            return null;
        }

        if (ReadEndpoint(signal, variables) is not { } endpoint)
            return null;
        if (FindProblem(signal, endpoint, variables, hasOpenSsl) is { } problem)
        {
            warnings.Add($"{problem}: {signal.ToLowerInvariant()} are not sent.");
            return null;
        }

        bool isGrpc = Find("PROTOCOL", signal, variables).Value == "grpc";
        var options = new OtlpExporterOptions
        {
            Protocol = isGrpc ? OtlpExportProtocol.Grpc : OtlpExportProtocol.HttpProtobuf,
            Endpoint = new Uri(isGrpc || endpoint.IsOfSignal ? endpoint.Text : $"{endpoint.Text.TrimEnd('/')}/v1/{signal.ToLowerInvariant()}"),
            UserAgentProductIdentifier = $"model-runner/{BuildInformation.Version}",
        };
        if (Find("HEADERS", signal, variables).Value is { } headers)
            options.Headers = headers;
        if (Find("TIMEOUT", signal, variables).Value is { } timeout)
            options.TimeoutMilliseconds = int.Parse(timeout, CultureInfo.InvariantCulture);
        return options;
    }

    private static (string Name, string Text, bool IsOfSignal)? ReadEndpoint(string signal, Func<string, string?> variables)
    {
        (string name, string? text) = Find("ENDPOINT", signal, variables);
        return text is null ? null : (name, text, name != Prefix + "ENDPOINT");
    }

    private static string? FindProblem(
        string signal, (string Name, string Text, bool) endpoint, Func<string, string?> variables, Func<bool> hasOpenSsl)
    {
        (string name, string text, _) = endpoint;
        if (!Uri.TryCreate(text, UriKind.Absolute, out Uri? address) || address.Scheme is not ("http" or "https"))
            return $"{name} is not an address that begins with http:// or https://";
        if (address.Query.Length > 0 || address.Fragment.Length > 0)
            return $"{name} has a query or a fragment, which the address of a receiver cannot have";
        if (address.Scheme == "https" && !hasOpenSsl())
            return $"{name} begins with https://, which needs OpenSSL; {OpenSslLibrary.Remedy}";
        (string protocol, string? value) = Find("PROTOCOL", signal, variables);
        if (value is not (null or "grpc" or "http/protobuf"))
            return $"{protocol} is \"{value}\", but only http/protobuf and grpc are known";
        if (signal == "METRICS" && variables(Interval)?.Trim() is { Length: > 0 } interval
            && !(int.TryParse(interval, NumberStyles.None, CultureInfo.InvariantCulture, out int period) && period >= MinIntervalMilliseconds))
            return $"{Interval} is \"{interval}\", but it must be a number of milliseconds, at least {MinIntervalMilliseconds}";
        (string timeout, string? milliseconds) = Find("TIMEOUT", signal, variables);
        return milliseconds is null || (int.TryParse(milliseconds, NumberStyles.None, CultureInfo.InvariantCulture, out int limit) && limit > 0)
            ? null
            : $"{timeout} is \"{milliseconds}\", but it must be a number of milliseconds";
    }

    // The variable of the signal comes first. A line of an environment file may end with a blank.
    private static (string Name, string? Value) Find(string what, string signal, Func<string, string?> variables)
    {
        string name = $"{Prefix}{signal}_{what}";
        if (variables(name)?.Trim() is { Length: > 0 } own)
            return (name, own);
        name = Prefix + what;
        return (name, variables(name)?.Trim() is { Length: > 0 } general ? general : null);
    }
}
