using System.Runtime.InteropServices;

namespace ModelRunner.Daemon.Cli;

/// <summary>
/// SIGINT and SIGTERM of a client command: they end it at once, even where it waits in a call that cannot be cancelled. A chat may take
/// SIGINT for the answer that is under way.
/// </summary>
internal sealed class Interrupt : IDisposable
{
    /// <summary>What a command has to tidy up in.</summary>
    private static readonly TimeSpan Grace = TimeSpan.FromMilliseconds(100);

    private readonly CancellationTokenSource _ended = new();
    private readonly List<PosixSignalRegistration> _registrations = [];
    private CancellationTokenSource? _answer;

    public Interrupt()
    {
        _registrations.Add(PosixSignalRegistration.Create(PosixSignal.SIGINT, context => Take(context, 2)));
        _registrations.Add(PosixSignalRegistration.Create(PosixSignal.SIGTERM, context => Take(context, 15)));
    }

    /// <summary>Cancelled when the command should end.</summary>
    public CancellationToken Ended => _ended.Token;

    /// <summary>What an interrupted command ends with, as shells number it.</summary>
    public int ExitCode { get; private set; } = Cli.ExitCode.Interrupted;

    /// <summary>From now on the first SIGINT cancels this and nothing else; null: SIGINT ends the command again.</summary>
    public void Redirect(CancellationTokenSource? answer) => Volatile.Write(ref _answer, answer);

    /// <summary>Waits for the work, and after an interrupt no longer than a moment.</summary>
    /// <returns>The exit code of the work, or that of the interrupt.</returns>
    public async Task<int> WaitAsync(Task<int> work, TimeProvider time)
    {
        var interrupted = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await using CancellationTokenRegistration registration = Ended.Register(interrupted.SetResult);
        if (await Task.WhenAny(work, interrupted.Task) != work)
            await Task.WhenAny(work, Task.Delay(Grace, time, CancellationToken.None));
        return work.IsCompleted ? await work : ExitCode;
    }

    public void Dispose()
    {
        foreach (PosixSignalRegistration registration in _registrations)
            registration.Dispose();
        _ended.Dispose();
    }

    private void Take(PosixSignalContext context, int number)
    {
        context.Cancel = true;
        if (number == 2 && Volatile.Read(ref _answer) is { IsCancellationRequested: false } answer)
        {
            answer.Cancel();
            return;
        }

        ExitCode = 128 + number;
        _ended.Cancel();
    }
}
