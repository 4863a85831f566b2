using System.Threading.Channels;
using ModelRunner.Daemon.Models;
using ModelRunner.Daemon.Runners;
using ModelRunner.Scheduling;

namespace ModelRunner.Daemon.Tests.Runners;

/// <summary>Starts fake runners and hands them to the test in order.</summary>
internal sealed class FakeLauncher : IRunnerLauncher
{
    private readonly Channel<FakeRunner> _starts = Channel.CreateUnbounded<FakeRunner>();

    public string? Engine => "fake";

    /// <summary>Thrown by the next start.</summary>
    public Exception? Failure { get; set; }

    /// <summary>Whether runners are ready as soon as they are started.</summary>
    public bool AreReadyAtOnce { get; set; }

    public List<ModelEntry> Models { get; } = [];

    /// <summary>Starts that the test has not awaited yet.</summary>
    public int Untaken => _starts.Reader.Count;

    public IManagedRunner Start(RunnerId runner, RunnerKey key, ModelEntry model)
    {
        if (Failure is { } failure)
        {
            Failure = null;
            throw failure;
        }

        var started = new FakeRunner(runner, key);
        if (AreReadyAtOnce)
            started.BecomeReady();
        Models.Add(model);
        _starts.Writer.TryWrite(started);
        return started;
    }

    /// <summary>The next start, which may still come.</summary>
    public ValueTask<FakeRunner> NextAsync(CancellationToken cancellationToken) => _starts.Reader.ReadAsync(cancellationToken);
}
