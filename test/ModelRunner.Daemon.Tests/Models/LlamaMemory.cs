using System.Diagnostics;
using System.Globalization;
using System.Text.RegularExpressions;
using ModelRunner.Daemon.Runners;
using ModelRunner.Testing;

namespace ModelRunner.Daemon.Tests.Models;

/// <summary>What a real llama-server writes about its memory while it loads a model, and what it holds then, in bytes.</summary>
/// <param name="Cache">Its buffers for keys, values and states.</param>
/// <param name="Compute">Its buffers for one batch.</param>
/// <param name="Held">The private memory of the process when it is ready.</param>
internal sealed partial record LlamaMemory(double Cache, double Compute, long Held)
{
    private const string ReadyLine = "listening on ";
    private const double Mebibyte = 1 << 20;
    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(2);

    /// <summary>Loads a model, and ends the server.</summary>
    public static async Task<LlamaMemory> MeasureAsync(string model, string socket, IEnumerable<string> arguments)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        limit.CancelAfter(Limit);
        var start = new ProcessStartInfo(
            RealLlamaServer.Require(), ["--model", model, "--host", socket, "--threads", "1", "--no-warmup", "--log-verbosity", "4", .. arguments])
        {
            RedirectStandardError = true, RedirectStandardOutput = true, UseShellExecute = false,
        };
        using Process server = Process.Start(start) ?? throw new InvalidOperationException("llama-server did not start.");
        try
        {
            _ = server.StandardOutput.ReadToEndAsync(limit.Token);
            var lines = new List<string>();
            while (await server.StandardError.ReadLineAsync(limit.Token) is { } line)
            {
                lines.Add(line);
                if (line.Contains(ReadyLine, StringComparison.Ordinal))
                    return new LlamaMemory(Sum(lines, CacheLine()), Sum(lines, ComputeLine()), MachineMemory.ReadHeldBy(server.Id));
            }

            throw new InvalidOperationException($"llama-server ended: {string.Join('\n', lines.TakeLast(20))}");
        }
        finally
        {
            server.Kill();
            await server.WaitForExitAsync(CancellationToken.None);
        }
    }

    private static double Sum(List<string> lines, Regex pattern) => lines.Select(line => pattern.Match(line)).Where(static match => match.Success)
        .Sum(static match => double.Parse(match.Groups["size"].ValueSpan, CultureInfo.InvariantCulture) * Mebibyte);

    [GeneratedRegex(@"(?:KV|RS) buffer size = +(?<size>[0-9.]+) MiB", RegexOptions.None, 1000)]
    private static partial Regex CacheLine();

    [GeneratedRegex(@"compute buffer size = +(?<size>[0-9.]+) MiB", RegexOptions.None, 1000)]
    private static partial Regex ComputeLine();
}
