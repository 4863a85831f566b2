using System.Collections.Concurrent;
using System.Globalization;
using System.Runtime.InteropServices;

namespace ModelRunner.Linux.Processes;

/// <summary>
/// Starts child processes, all of them from one thread. The kernel sends the parent-death signal when the <em>thread</em> that started
/// the child ends, not the process (prctl(2)). So a child that a pool thread started would be killed when the pool shrinks.
/// </summary>
/// <remarks>
/// The thread runs until the process ends or this is disposed, which kills every child that is left. It is a background thread: a
/// foreground thread would keep a daemon running whose start failed.
/// </remarks>
internal sealed unsafe class RunnerSpawner : IDisposable
{
    // When memory is short, the kernel must kill a runner, which starts again on demand, and not the daemon or the user's session.
    private const string OutOfMemoryScore = "500";

    private readonly BlockingCollection<(SpawnRequest Request, TaskCompletionSource<ChildProcess> Answer)> _orders = [];

    private readonly IReadOnlyList<string> _prefix;
    private readonly Guardian? _guardian;
    private readonly Thread _thread;

    /// <param name="prefix">The prefix of the command that ends a child with this process; see <see cref="DeathSignal"/>.</param>
    /// <param name="guardian">Kills the processes that outlive this one; null: there is no guardian. This object disposes it.</param>
    public RunnerSpawner(IReadOnlyList<string> prefix, Guardian? guardian = null)
    {
        (_prefix, _guardian) = (prefix, guardian);
        _thread = new Thread(Work) { IsBackground = true, Name = "runner spawner" };
        _thread.Start();
    }

    /// <summary>Starts a process in a group of its own. It is killed when this process ends.</summary>
    /// <exception cref="SpawnException">The operating system refused.</exception>
    public Task<ChildProcess> StartAsync(SpawnRequest request)
    {
        var answer = new TaskCompletionSource<ChildProcess>(TaskCreationOptions.RunContinuationsAsynchronously);
        try
        {
            _orders.Add((request, answer));
        }
        catch (InvalidOperationException)
        {
            // This object is disposed already.
            answer.SetException(new SpawnException($"{request.Program} was not started: the daemon is ending"));
        }

        return answer.Task;
    }

    /// <summary>Ends the thread, which kills every child that is left.</summary>
    public void Dispose()
    {
        _orders.CompleteAdding();
        _thread.Join();
        _orders.Dispose();
        _guardian?.Dispose();
    }

    private void Work()
    {
        foreach ((SpawnRequest request, TaskCompletionSource<ChildProcess> answer) in _orders.GetConsumingEnumerable())
        {
            try
            {
                _guardian?.AdoptOrphans();
                answer.SetResult(Start(request));
                _guardian?.EnsureStarted();
            }
            catch (SpawnException failure)
            {
                answer.SetException(failure);
            }
        }
    }

    private ChildProcess Start(SpawnRequest request)
    {
        int* ends = stackalloc int[2];
        if (Libc.Pipe(ends, Libc.OpenCloseOnExec) != 0)
            throw new SpawnException($"{request.Program} could not be started: no pipe for its output: {NativeSpawn.Explain(Marshal.GetLastPInvokeError())}");

        string mark = $"{ProcessMark.TreeVariable}={ProcessMark.NextTree()}";
        int process;
        try
        {
            IReadOnlyList<string> prefix = request.Group is { } group ? [.. JoinGroup.Prefix(DeathSignal.Executable, group), .. _prefix] : _prefix;
            process = Create(request, [.. prefix, request.Program, .. request.Arguments], mark, ends[1]);
        }
        catch (SpawnException)
        {
            _ = Libc.Close(ends[0]);
            throw;
        }
        finally
        {
            _ = Libc.Close(ends[1]);
        }

        if (InheritedMark.Of(mark) is { } inherited)
            InheritedMark.Set(process, inherited);
        OfferToOutOfMemoryKiller(process);
        ForbidCoreDump(process);
        return Watch(process, mark, ends[0], request.Program);
    }

    private static int Create(SpawnRequest request, IReadOnlyList<string> command, string mark, int output)
    {
        if (request.Processors is not { } processors)
            return NativeSpawn.Start(command, [.. request.Environment, mark], request.WorkingDirectory, output);

        // The child inherits the processors of this thread, so it and everything that it starts never run on others.
        ProcessorSet? before = ProcessorAffinity.Read();
        if (before is null || ProcessorAffinity.TrySet(processors) is not null)
            throw new SpawnException($"{request.Program} could not be started: the processors {processors} (cpuSet) cannot be used any more");
        try
        {
            return NativeSpawn.Start(command, [.. request.Environment, mark], request.WorkingDirectory, output);
        }
        finally
        {
            _ = ProcessorAffinity.TrySet(before);
        }
    }

    // A core dump of a runner has the prompts and answers in its memory. A limit outlives the execution of the program, and is inherited.
    private static void ForbidCoreDump(int process)
    {
        ulong* none = stackalloc ulong[2] { 0, 0 };
        _ = Libc.ResourceLimit(process, Libc.LimitOfCore, none, null);
    }

    private static ChildProcess Watch(int process, string mark, int outputPipe, string program)
    {
        try
        {
            return new ChildProcess(process, mark, outputPipe);
        }
        catch (OutOfMemoryException)
        {
            // The system has no thread left, and a child without a thread that watches it must not run.
            int status;
            _ = Libc.Kill(-process, Libc.SigKill);
            _ = Libc.WaitPid(process, &status, 0);
            _ = Libc.Close(outputPipe);
            throw new SpawnException($"{program} could not be started: no thread to watch it with; the limit of threads or memory is reached");
        }
    }

    private static void OfferToOutOfMemoryKiller(int process)
    {
        try
        {
            File.WriteAllText(string.Create(CultureInfo.InvariantCulture, $"/proc/{process}/oom_score_adj"), OutOfMemoryScore);
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            // Some containers forbid it, and a process that has ended has no such file. The runner can run without it.
        }
    }
}
