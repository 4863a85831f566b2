using ModelRunner.Linux.Terminals;

namespace ModelRunner.Configuration;

/// <summary>
/// A container orchestrator that has a service named "model-runner" sets <c>MODEL_RUNNER_PORT=tcp://10.0.0.1:8080</c> in every container of
/// the same namespace. That is the address of the service and not a port for this daemon.
/// </summary>
internal static class ServiceLink
{
    private const int MaxValue = 120;

    /// <summary>Whether an orchestrator set a variable's value, so that it is ignored.</summary>
    public static bool Is(ConfigurationOption option, string value) =>
        option == ConfigurationCatalog.Port
        && (value.StartsWith("tcp://", StringComparison.OrdinalIgnoreCase) || value.StartsWith("udp://", StringComparison.OrdinalIgnoreCase));

    /// <summary>One sentence if a value was ignored; empty otherwise.</summary>
    public static IReadOnlyList<string> Warn(DaemonOptions options)
    {
        ConfigurationOption port = ConfigurationCatalog.Port;
        return options.Variable(port.Variable!) is { } value && Is(port, value)
            ?
            [
                $"{port.Variable}: \"{PlainText.EscapeAndCut(value, MaxValue)}\" is ignored: it is the address of a service, "
                + $"which container orchestrators set. Use {port.Flag} or \"{port.FileKey}\" in the configuration file to set a port.",
            ]
            : [];
    }
}
