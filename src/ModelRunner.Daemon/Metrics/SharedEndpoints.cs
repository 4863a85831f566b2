using System.Net;
using ModelRunner.Configuration;
using ModelRunner.Daemon.Runners;
using ModelRunner.Scheduling;

namespace ModelRunner.Daemon.Metrics;

/// <summary>
/// Finds attached runners that are the same server under different addresses. The page contains the metrics of that server once for each of
/// them, so a sum over all models counts them several times. Thread-safe: immutable.
/// </summary>
internal sealed class SharedEndpoints
{
    private const int MaxLinks = 32;
    private readonly Dictionary<(RunnerKey Key, string? Replica), int> _counts = [];
    private readonly List<string> _warnings = [];

    /// <summary>Compares the addresses. Symbolic links of socket paths are resolved once, now.</summary>
    public SharedEndpoints(IReadOnlyList<AttachedRunnerSettings> attached)
    {
        foreach (var group in attached.GroupBy(static runner => IdentityOf(runner), StringComparer.Ordinal).Where(static group => group.Count() > 1))
        {
            foreach (AttachedRunnerSettings runner in group)
                _counts[(new RunnerKey(runner.Backend, runner.Model, runner.Mode), runner.Replica)] = group.Count();
            string names = string.Join(" and ", group.Select(static runner => $"{runner.Model} ({runner.Backend}, {ModeText.Format(runner.Mode)})"));
            _warnings.Add($"The attached runners {names} are the same server at {group.Key}: a sum over them counts its metrics {group.Count()} times. "
                + "Attach it once, or leave out all but one of model_runner_shared_endpoint in sums.");
        }
    }

    /// <summary>One warning for each server that is attached more than once.</summary>
    public IReadOnlyList<string> Warnings => _warnings;

    /// <summary>The number of attached runners that are the same server as this one, itself included; 0 if it is the only one.</summary>
    public int CountOf(RunnerSnapshot runner) =>
        runner.IsAttached ? _counts.GetValueOrDefault((runner.Key, runner.Replica)) : 0;

    private static string IdentityOf(AttachedRunnerSettings runner) =>
        runner.SocketPath is { } path ? $"unix:{WithoutLinks(path, MaxLinks)}" : IdentityOf(runner.Address!);

    // All loopback names and addresses lead to the same port, except for the rest of 127.0.0.0/8.
    private static string IdentityOf(Uri address)
    {
        string host = address.IdnHost.TrimEnd('.').ToLowerInvariant();
        if (IPAddress.TryParse(host, out IPAddress? ip))
        {
            ip = ip.IsIPv4MappedToIPv6 ? ip.MapToIPv4() : ip;
            bool isLoopback = ip.Equals(IPAddress.Loopback) || ip.Equals(IPAddress.IPv6Loopback) || ip.Equals(IPAddress.Any) || ip.Equals(IPAddress.IPv6Any);
            host = isLoopback ? "localhost" : ip.ToString();
        }

        return FormattableString.Invariant($"{host}:{address.Port}{address.AbsolutePath.TrimEnd('/')}");
    }

    private static string WithoutLinks(string path, int left)
    {
        try
        {
            if (left == 0 || Path.GetDirectoryName(path) is not { } folder)
                return path;
            string plain = Path.Join(WithoutLinks(folder, left - 1), Path.GetFileName(path));
            return new FileInfo(plain).LinkTarget is { } target
                ? WithoutLinks(Path.GetFullPath(target, Path.GetDirectoryName(plain)!), left - 1)
                : plain;
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            return path;
        }
    }
}
