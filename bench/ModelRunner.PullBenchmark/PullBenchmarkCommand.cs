using System.ComponentModel;
using System.Globalization;
using ModelRunner.ScrapeBenchmark;
using ModelRunner.ScrapeBenchmark.Measuring;

namespace ModelRunner.PullBenchmark;

/// <summary>The command line: downloads one model with curl and with the daemon in turn, and writes a table.</summary>
internal static class PullBenchmarkCommand
{
    private const double MaxRatio = 1.5;
    private const long MaxPeakBytes = 80 << 20;

    /// <summary>Runs the benchmark.</summary>
    /// <returns>The exit code: 1 if a limit was exceeded or a run failed, 2 if the arguments are wrong.</returns>
    public static async Task<int> RunAsync(string[] arguments)
    {
        if (arguments.Length is < 2 or > 4 || !TryRead(arguments, 2, 5, out int gibibytes) || !TryRead(arguments, 3, 3, out int rounds))
        {
            await Console.Error.WriteLineAsync("error: write the paths of model-runner and docker-registry, and optionally GiB and rounds, from 1 to 100");
            return 2;
        }

        using var stop = new CancellationTokenSource();
        Console.CancelKeyPress += (_, pressed) =>
        {
            pressed.Cancel = true;
            stop.Cancel();
        };
        string folder = Directory.CreateTempSubdirectory("pull-benchmark-").FullName;
        try
        {
            return await RunAllAsync(arguments, gibibytes, rounds, folder, stop.Token) ? 0 : 1;
        }
        catch (Exception failure) when (failure is BenchmarkException or HttpRequestException or IOException or Win32Exception or OperationCanceledException)
        {
            await Console.Error.WriteLineAsync($"error: {failure.Message}");
            return 1;
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    /// <summary>Runs all rounds.</summary>
    /// <returns>Whether each round kept the limits.</returns>
    private static async Task<bool> RunAllAsync(string[] arguments, int gibibytes, int rounds, string folder, CancellationToken cancellation)
    {
        string daemon = Path.GetFullPath(arguments[0]);
        var model = SparseModel.Create(folder, (long)gibibytes << 30, Path.Join(Path.GetDirectoryName(daemon), "models", "tiny-chat.gguf"));
        await using RegistryServer registry = await RegistryServer.StartAsync(Path.GetFullPath(arguments[1]), folder, model, cancellation);
        Console.WriteLine(MachineProbe.Description);
        Console.WriteLine();
        Console.WriteLine("| Round | curl: CPU s | sha256sum: CPU s | Daemon: CPU s | ratio | Daemon: s | peak MiB |");
        Console.WriteLine("| --- | --- | --- | --- | --- | --- | --- |");
        bool isWithin = true;
        for (int round = 1; round <= rounds; round++)
        {
            string copy = Path.Join(folder, "copy");
            double curl = await Tool.MeasureAsync("curl", ["-sSf", "-o", copy, registry.AddressOf(model).AbsoluteUri], cancellation);
            double hash = await Tool.MeasureAsync("sha256sum", [copy], cancellation);
            File.Delete(copy);
            PullFigures pull = await DaemonPull.RunAsync(daemon, folder, registry.Host, cancellation);
            double ratio = pull.ProcessorSeconds / (curl + hash);
            Console.WriteLine(string.Create(
                CultureInfo.InvariantCulture,
                $"| {round} | {curl:0.00} | {hash:0.00} | {pull.ProcessorSeconds:0.00} | {ratio:0.00} | {pull.Seconds:0.0} | {pull.PeakBytes / 1048576.0:0} |"));
            isWithin &= ratio <= MaxRatio && pull.PeakBytes <= MaxPeakBytes;
        }

        return isWithin;
    }

    private static bool TryRead(string[] arguments, int index, int fallback, out int value)
    {
        value = fallback;
        return index >= arguments.Length
            || (int.TryParse(arguments[index], NumberStyles.None, CultureInfo.InvariantCulture, out value) && value is > 0 and <= 100);
    }
}
