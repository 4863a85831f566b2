using System.Runtime.InteropServices;

namespace ModelRunner.Cli;

/// <summary>
/// SIGINT and SIGTERM of a client command: they end it at once, even where it waits in a call that cannot be cancelled. A chat may take
/// SIGINT for the answer that is under way.
/// </summary>
internal sealed class Interrupt : IDisposable
{
    private const int Keyboard = 2;
    private const int Terminate = 15;

    /// <summary>How long a command may take to clean up.</summary>
    private static readonly TimeSpan Grace = TimeSpan.FromMilliseconds(100);

    private readonly CancellationTokenSource _ended = new();
    private readonly List<PosixSignalRegistration> _registrations = [];
    private CancellationTokenSource? _answer;

    public Interrupt()
    {
        _registrations.Add(PosixSignalRegistration.Create(PosixSignal.SIGINT, context => Take(context, Keyboard)));
        _registrations.Add(PosixSignalRegistration.Create(PosixSignal.SIGTERM, context => Take(context, Terminate)));
    }

    /// <summary>Cancelled when the command should end.</summary>
    public CancellationToken Ended => _ended.Token;

    /// <summary>What an interrupted command ends with, as shells number it.</summary>
    public int ExitCode { get; private set; } = Client.ExitCode.Interrupted;

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

    /// <summary>What a signal does. It may come at any moment, also when an answer or the command has just ended.</summary>
    /// <param name="number">The signal's number.</param>
    internal void Take(int number)
    {
        try
        {
            if (number == Keyboard && Volatile.Read(ref _answer) is { IsCancellationRequested: false } answer)
            {
                answer.Cancel();
                return;
            }

            ExitCode = 128 + number;
            _ended.Cancel();
        }
        catch (ObjectDisposedException)
        {
            // What it should end has ended by itself.
        }
    }

    private void Take(PosixSignalContext context, int number)
    {
        context.Cancel = true;
        Take(number);
    }
}
