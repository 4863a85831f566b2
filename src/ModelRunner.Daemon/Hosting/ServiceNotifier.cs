using System.Globalization;
using ModelRunner.Daemon.Runners;
using ModelRunner.Linux.Sockets;
using ModelRunner.Linux.Terminals;
using ModelRunner.Scheduling;

namespace ModelRunner.Daemon.Hosting;

/// <summary>
/// Tells systemd that the daemon is ready, reloads, stops and lives, and what is loaded. <c>WATCHDOG=1</c> is sent only while the
/// loop that decides about runners responds. Thread-safe.
/// </summary>
internal sealed class ServiceNotifier : IAsyncDisposable
{
    private const int MaxNames = 5;
    private const int MaxNameLength = 100;
    private static readonly TimeSpan StatusInterval = TimeSpan.FromSeconds(2);

    private readonly NotifySocket _socket;
    private readonly TimeSpan? _watchdog;
    private readonly TimeProvider _time;
    private readonly CancellationTokenSource _ended = new();
    private Task _running = Task.CompletedTask;
    private volatile bool _isStopping;
    private bool _isReadySent;

    private ServiceNotifier(NotifySocket socket, TimeSpan? watchdog, TimeProvider time) => (_socket, _watchdog, _time) = (socket, watchdog, time);

    /// <summary>Null if the process was not started by a manager that wants to be told.</summary>
    public static ServiceNotifier? Find(Func<string, string?> variable, int processId, TimeProvider time) =>
        NotifySocket.TryOpen(variable("NOTIFY_SOCKET")) is { } socket
            ? new ServiceNotifier(socket, ReadWatchdog(variable("WATCHDOG_USEC"), variable("WATCHDOG_PID"), processId), time)
            : null;

    /// <summary>The time within which the manager must hear of this process; null: it does not wait for that.</summary>
    internal static TimeSpan? ReadWatchdog(string? microseconds, string? process, int processId)
    {
        bool isOurs = string.IsNullOrEmpty(process)
            || (int.TryParse(process, NumberStyles.None, CultureInfo.InvariantCulture, out int id) && id == processId);
        return isOurs && long.TryParse(microseconds, NumberStyles.None, CultureInfo.InvariantCulture, out long count)
            && count is > 0 and < long.MaxValue / TimeSpan.TicksPerMicrosecond
                ? TimeSpan.FromMicroseconds(count)
                : null;
    }

    /// <summary>The daemon listens. From now on its state is sent.</summary>
    /// <param name="runners">Returns all runners.</param>
    /// <param name="respondsAsync">Returns when the loop of the runners has responded.</param>
    public void BeReady(Func<IReadOnlyList<RunnerSnapshot>> runners, Func<CancellationToken, Task> respondsAsync)
    {
        string status = Describe(runners());
        _isReadySent = _socket.Send($"READY=1\nSTATUS={status}");
        _running = RunAsync(runners, respondsAsync, _isReadySent ? status : null);
    }

    /// <summary>The configuration is read again; <see cref="EndReload"/> must follow.</summary>
    public void BeginReload()
    {
        // The manager tells by this time whether it is the reload that it asked for.
        long microseconds = (long)(_time.GetTimestamp() / (_time.TimestampFrequency / 1e6));
        _socket.Send(string.Create(CultureInfo.InvariantCulture, $"RELOADING=1\nMONOTONIC_USEC={microseconds}"));
    }

    public void EndReload() => _socket.Send("READY=1");

    /// <summary>The daemon ends.</summary>
    /// <param name="limit">How long that may take.</param>
    public void Stop(TimeSpan limit)
    {
        _isStopping = true;
        _socket.Send(string.Create(
            CultureInfo.InvariantCulture, $"STOPPING=1\nEXTEND_TIMEOUT_USEC={(long)limit.TotalMicroseconds}\nSTATUS=Waiting for running requests"));
    }

    public async ValueTask DisposeAsync()
    {
        await _ended.CancelAsync();
        await _running;
        _socket.Dispose();
        _ended.Dispose();
    }

    /// <summary>The state of the runners in one line.</summary>
    internal static string Describe(IReadOnlyList<RunnerSnapshot> runners)
    {
        string[] loaded = [.. runners.Where(static runner => !runner.IsAttached && runner.State is RunnerState.Ready or RunnerState.Loading)
            .Select(static runner => PlainText.EscapeAndCut(runner.Key.Model, MaxNameLength) + (runner.State == RunnerState.Loading ? " (loading)" : ""))];
        string names = loaded.Length == 0 ? "No model is loaded"
            : loaded.Length <= MaxNames ? $"Loaded: {string.Join(", ", loaded)}"
            : string.Create(CultureInfo.InvariantCulture, $"Loaded: {string.Join(", ", loaded[..MaxNames])} and {loaded.Length - MaxNames} more");
        return string.Create(
            CultureInfo.InvariantCulture,
            $"{names}; requests: {runners.Sum(static runner => runner.InFlight)} running, {runners.Sum(static runner => runner.Queued)} waiting");
    }

    private async Task RunAsync(Func<IReadOnlyList<RunnerSnapshot>> runners, Func<CancellationToken, Task> respondsAsync, string? sent)
    {
        TimeSpan interval = _watchdog is { } limit && limit / 2 < StatusInterval ? limit / 2 : StatusInterval;
        using var timer = new PeriodicTimer(interval, _time);
        try
        {
            do
            {
                string status = Describe(runners());

                // The buffer of the manager was full.
                if (!_isStopping && !_isReadySent)
                    _isReadySent = _socket.Send("READY=1");
                if (!_isStopping && status != sent && _socket.Send($"STATUS={status}"))
                    sent = status;
                if (_watchdog is null)
                    continue;
                if (!_isStopping)
                    await respondsAsync(_ended.Token);
                _socket.Send("WATCHDOG=1");
            }
            while (await timer.WaitForNextTickAsync(_ended.Token));
        }
        catch (OperationCanceledException)
        {
            // The daemon has ended.
        }
    }
}
