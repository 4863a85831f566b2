using System.Diagnostics;
using System.Net.Sockets;
using ModelRunner.ScrapeBenchmark;

namespace ModelRunner.RequestBenchmark;

/// <summary>Sends requests to a target and measures them.</summary>
internal static class Load
{
    /// <summary>Measures a target: many connections, then one, then many streams. Takes about three times the duration.</summary>
    /// <exception cref="BenchmarkException">A request failed.</exception>
    public static LoadFigures Measure(Target target, RequestOptions options, CancellationToken cancellation)
    {
        long cpu = target.CpuNanoseconds ?? 0;
        (List<TimeSpan> many, TimeSpan elapsed) = Run(target, options.Connections, options.Duration, AskAgain, cancellation);
        double used = target.CpuNanoseconds is { } after ? (after - cpu) / 1e3 / many.Count : double.NaN;
        (List<TimeSpan> alone, _) = Run(target, 1, options.Duration, AskAgain, cancellation);
        (List<TimeSpan> events, _) = Run(target, options.Connections, options.Duration, static (client, _) => client.Stream(), cancellation);
        alone.Sort();
        events.Sort();
        return new LoadFigures(
            many.Count / elapsed.TotalSeconds, used, Quantile(alone, 0.5), Quantile(alone, 0.99), Quantile(events, 0.5), Quantile(events, 0.99));
    }

    private static TimeSpan[] AskAgain(ChatClient client, long expected)
    {
        long beginning = Stopwatch.GetTimestamp();
        long bytes = client.Ask();
        return expected == 0 || bytes == expected
            ? [Stopwatch.GetElapsedTime(beginning)]
            : throw new BenchmarkException($"a response had {bytes} bytes, and the first one {expected}");
    }

    // One thread for each connection: the tool then adds less to the latency than with asynchronous reads.
    private static (List<TimeSpan> Times, TimeSpan Elapsed) Run(
        Target target, int connections, TimeSpan duration, Func<ChatClient, long, IReadOnlyList<TimeSpan>> ask, CancellationToken cancellation)
    {
        var times = new List<TimeSpan>();
        Exception? failure = null;
        long beginning = Stopwatch.GetTimestamp();
        Thread[] threads = [.. Enumerable.Range(0, connections).Select(_ => new Thread(Work, 256 * 1024) { IsBackground = true })];
        foreach (Thread thread in threads)
            thread.Start();
        foreach (Thread thread in threads)
            thread.Join();
        cancellation.ThrowIfCancellationRequested();
        return failure is null
            ? (times, Stopwatch.GetElapsedTime(beginning))
            : throw new BenchmarkException($"a request to {target.Name} failed: {failure.Message}");

        void Work()
        {
            var own = new List<TimeSpan>();
            try
            {
                using var client = new ChatClient(target.Port);
                using CancellationTokenRegistration registration = cancellation.Register(client.Dispose);
                long expected = client.Ask();
                do
                    own.AddRange(ask(client, expected));
                while (Stopwatch.GetElapsedTime(beginning) < duration && !cancellation.IsCancellationRequested);
            }
            catch (Exception exception) when (exception is IOException or SocketException or InvalidDataException or ObjectDisposedException or BenchmarkException)
            {
                failure = exception;
            }

            lock (times)
                times.AddRange(own);
        }
    }

    private static double Quantile(List<TimeSpan> sorted, double share) =>
        sorted.Count == 0 ? double.NaN : sorted[(int)((sorted.Count - 1) * share)].TotalMicroseconds;
}
