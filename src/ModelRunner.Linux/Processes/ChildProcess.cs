using System.Collections.Concurrent;
using System.Globalization;

namespace ModelRunner.Linux.Processes;

/// <summary>
/// One child process. A separate thread reads the pipe of its outputs, so that the child never blocks on a write. The thread waits for the
/// process itself to end, so a grandchild that holds the pipe open does not hide the end. Then it kills what is left of the
/// <see cref="ProcessTree"/> and reaps the process.
/// </summary>
internal sealed unsafe class ChildProcess
{
    private const int BlockSize = 64 * 1024;
    private const int StackSize = 256 * 1024;

    // Without a process descriptor (kernels before 5.3) the end is polled for at this interval.
    private const int LookIntervalMilliseconds = 20;

    // At most this much is read from the pipe after the end: a grandchild may still write to it.
    private const int MaxBytesAfterExit = 1024 * 1024;

    private static readonly ConcurrentDictionary<int, ChildProcess> Unreaped = [];

    private readonly TaskCompletionSource<ExitStatus> _exited = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly Lock _gate = new();
    private readonly int _outputPipe;
    private readonly ProcessTree _tree;
    private long _graceEnds;
    private bool _isOutputOver;
    private bool _isReaped;

    /// <param name="id">The process. It must be a child of this process and the leader of its group.</param>
    /// <param name="mark">The environment variable, as <c>NAME=value</c>, that only this process and its descendants have.</param>
    /// <param name="outputPipe">The descriptor of the reading end. This object owns it from now on.</param>
    public ChildProcess(int id, string mark, int outputPipe)
    {
        (Id, _outputPipe) = (id, outputPipe);
        _tree = new ProcessTree(id, mark);
        Unreaped[id] = this;
        try
        {
            new Thread(Watch, StackSize)
            {
                IsBackground = true,
                Name = string.Create(CultureInfo.InvariantCulture, $"runner {id}"),
            }.Start();
        }
        catch
        {
            Forget();
            throw;
        }
    }

    /// <summary>Whether any child process of this kind has not been reaped yet.</summary>
    public static bool IsAnyLeft => !Unreaped.IsEmpty;

    public int Id { get; }

    /// <summary>When it started, in clock ticks since boot; 0 where that is unknown. With <see cref="Id"/> it is unique until the next boot.</summary>
    public long StartTime => _tree.StartTime;

    /// <summary>
    /// The processor time that it used, and that of its children that it waited for; null where the system does not tell. Final once
    /// <see cref="Exited"/> is complete, null before.
    /// </summary>
    public TimeSpan? CpuTime { get; private set; }

    /// <summary>The end of what it wrote to standard output and standard error.</summary>
    public LogRing Output { get; } = new();

    /// <summary>
    /// Completes when the process and all that it started have ended, it is reaped, and its last output is in <see cref="Output"/>.
    /// </summary>
    public Task<ExitStatus> Exited => _exited.Task;

    /// <summary>The number of descendants that could not be killed. Final once <see cref="Exited"/> is complete.</summary>
    public int Survivors { get; private set; }

    /// <summary>Whether an object of this class watches this child process and will reap it.</summary>
    public static bool IsKnown(int process) => Unreaped.ContainsKey(process);

    /// <summary>Sends a signal to the process. Does nothing once it is reaped, even if another process has its id by then.</summary>
    public void Signal(int signal)
    {
        lock (_gate)
            if (!_isReaped)
                _ = Libc.Kill(Id, signal);
    }

    /// <summary>Whether it or a process that it started runs as this user. False once it is reaped.</summary>
    public bool RunsAs(uint user)
    {
        lock (_gate)
            return !_isReaped && _tree.RunsAs(user);
    }

    /// <summary>
    /// Sends SIGTERM to the process and all that it started. Descendants that outlive the process may run until the grace time is over.
    /// </summary>
    public void AskToEnd(TimeSpan grace)
    {
        Volatile.Write(ref _graceEnds, Environment.TickCount64 + (long)grace.TotalMilliseconds);

        // A stopped process would handle SIGTERM only when it is continued.
        SignalTree(Libc.SigTerm, Libc.SigContinue);
    }

    /// <summary>Kills the process and all that it started.</summary>
    public void Kill()
    {
        Volatile.Write(ref _graceEnds, 0);
        SignalTree(Libc.SigKill);
    }

    private void SignalTree(params ReadOnlySpan<int> signals)
    {
        lock (_gate)
        {
            foreach (int signal in signals)
                if (!_isReaped)
                    _tree.Signal(signal);
        }
    }

    private void Watch()
    {
        int processFile = Libc.OpenProcess(Id);
        byte[] block = new byte[BlockSize];
        PollEntry* entries = stackalloc PollEntry[2];
        entries[0] = new PollEntry { File = processFile, Events = Libc.PollIn };
        entries[1] = new PollEntry { File = _outputPipe, Events = Libc.PollIn };

        while (true)
        {
            int count = Libc.Poll(entries, 2, processFile < 0 ? LookIntervalMilliseconds : -1);
            if (count > 0 && entries[1].Returned != 0 && Drain(block) == 0)
                (entries[1].File, _isOutputOver) = (-1, true);
            if (processFile < 0 ? HasEnded() : count > 0 && entries[0].Returned != 0)
                break;
        }

        // The process is not reaped yet, so no other group can have its id.
        Survivors = _tree.End(() => Environment.TickCount64 < Volatile.Read(ref _graceEnds), milliseconds => DrainFor(milliseconds, block));
        DrainRest(block);
        _ = Libc.Close(_outputPipe);
        if (processFile >= 0)
            _ = Libc.Close(processFile);
        _exited.SetResult(Reap());
    }

    /// <summary>Waits and reads the pipe meanwhile: a descendant that writes much at its end must not block.</summary>
    private void DrainFor(int milliseconds, byte[] block)
    {
        long end = Environment.TickCount64 + milliseconds;
        var pipe = new PollEntry { File = _isOutputOver ? -1 : _outputPipe, Events = Libc.PollIn };
        for (long left = milliseconds; left > 0; left = end - Environment.TickCount64)
        {
            if (Libc.Poll(&pipe, 1, (int)left) <= 0 || Drain(block) != 0)
                continue;

            // No process has the writing end any more, so most likely all have ended.
            _isOutputOver = true;
            return;
        }
    }

    private void DrainRest(byte[] block)
    {
        var pipe = new PollEntry { File = _outputPipe, Events = Libc.PollIn };
        for (int left = MaxBytesAfterExit; left > 0 && !_isOutputOver && Libc.Poll(&pipe, 1, 0) > 0;)
        {
            int count = Drain(block);
            if (count <= 0)
                return;
            left -= count;
        }
    }

    /// <summary>Reads what the pipe holds. Returns 0 at the end of the pipe.</summary>
    private int Drain(byte[] block)
    {
        fixed (byte* start = block)
        {
            int count = (int)Libc.Read(_outputPipe, start, block.Length);
            if (count > 0)
                Output.Write(block.AsSpan(0, count));
            return count;
        }
    }

    private bool HasEnded()
    {
        int* information = stackalloc int[Libc.OpaqueSize / sizeof(int)];
        information[0] = 0;
        int result = Libc.WaitId(Libc.IdIsProcess, Id, information, Libc.WaitExited | Libc.WaitNoHang | Libc.WaitKeep);
        return result != 0 || information[0] != 0;
    }

    private void Forget() => Unreaped.TryRemove(KeyValuePair.Create(Id, this));

    private ExitStatus Reap()
    {
        lock (_gate)
        {
            _isReaped = true;

            // Once it is reaped, a new child may get its id.
            Forget();
            int status;
            int result;
            long* usage = stackalloc long[Libc.OpaqueSize / sizeof(long)];
            do
                result = Libc.WaitFor(Id, &status, 0, usage);
            while (result < 0 && System.Runtime.InteropServices.Marshal.GetLastPInvokeError() == Libc.ErrorInterrupted);

            // If the parent of this process set SIGCHLD to be ignored, the kernel reaps the child and the status is lost.
            if (result != Id)
                return default;

            // struct rusage begins with the user time and the system time, each in seconds and microseconds.
            CpuTime = TimeSpan.FromSeconds(usage[0] + usage[2]) + TimeSpan.FromMicroseconds(usage[1] + usage[3]);
            return ExitStatus.FromWaitStatus(status);
        }
    }
}
