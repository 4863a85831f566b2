using System.Runtime.InteropServices;

namespace ModelRunner.Cli;

/// <summary>
/// Handles SIGINT and SIGTERM for a client command: they end it at once, even while it waits in a call that cannot be cancelled. A chat can
/// use SIGINT to stop the current response.
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

    /// <summary>The exit code of an interrupted command, as shells number it.</summary>
    public int ExitCode { get; private set; } = Client.ExitCode.Interrupted;

    /// <summary>While set, the next SIGINT cancels this source and nothing else; null: SIGINT ends the command.</summary>
    public void Redirect(CancellationTokenSource? answer) => Volatile.Write(ref _answer, answer);

    /// <summary>Waits for the work; after an interrupt only for a moment.</summary>
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

    /// <summary>Handles a signal. It may come at any moment, also when a response or the command has just ended.</summary>
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
            // The work that it should end has ended by itself.
        }
    }

    private void Take(PosixSignalContext context, int number)
    {
        context.Cancel = true;
        Take(number);
    }
}
