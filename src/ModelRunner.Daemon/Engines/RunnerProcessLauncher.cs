using System.Globalization;
using ModelRunner.Configuration;
using ModelRunner.Daemon.Engines.Command;
using ModelRunner.Daemon.Engines.Llama;
using ModelRunner.Daemon.Engines.Llama.Slots;
using ModelRunner.Daemon.Models;
using ModelRunner.Daemon.Runners;
using ModelRunner.Linux.Processes;
using ModelRunner.Scheduling;

namespace ModelRunner.Daemon.Engines;

/// <summary>
/// Starts runners as child processes. The constructor creates the private folder and starts to clean up after daemons that were killed. Dispose
/// it after all runners have stopped: it removes that folder and kills all remaining processes.
/// </summary>
internal sealed class RunnerProcessLauncher : IRunnerLauncher, IDisposable
{
    private readonly Lock _gate = new();
    private readonly ILogger _logger;
    private readonly OutOfMemoryKills _memoryKills = new(MachineMemory.ReadOutOfMemoryKills, KernelLog.TryOpen());
    private readonly IReadOnlyList<string> _places;
    private readonly List<RuntimeFolder> _replaced = [];
    private readonly SlotStore _slots;
    private readonly RunnerSpawner _spawner;
    private readonly Task _sweeping;
    private readonly TimeProvider _time;
    private RuntimeFolder _folder;
    private volatile DaemonSettings _settings;

    /// <exception cref="IOException">No private folder could be created.</exception>
    public RunnerProcessLauncher(DaemonSettings settings, TimeProvider time, ILogger<RunnerProcessLauncher> logger)
        : this(settings, time, logger, RuntimeFolder.Places(), DeathSignal.ChoosePrefix(), hasGuardian: true)
    {
    }

    /// <summary>For tests, which choose the folders to use and the command prefix that ends a child with the daemon.</summary>
    internal RunnerProcessLauncher(
        DaemonSettings settings, TimeProvider time, ILogger logger, IReadOnlyList<string> places, IReadOnlyList<string> prefix,
        bool hasGuardian = false)
    {
        (_settings, _time, _logger, _places) = (settings, time, logger, places);
        _slots = new SlotStore(settings.Runners.KvCache, logger);
        _sweeping = Task.Run(() => Sweep(places, logger));
        _folder = RuntimeFolder.Create(places);
        _spawner = new RunnerSpawner(prefix, hasGuardian ? new Guardian(places, cause => RunnerProcessLog.NoGuardian(logger, cause)) : null);
    }

    public string? Engine => FindLlama(_settings)?.Name;

    /// <summary>Makes the control groups of runners with a limit. Only tests replace it.</summary>
    internal DelegatedGroup Groups { get; init; } = DelegatedGroup.OfProcess;

    /// <summary>The files of models that are being removed.</summary>
    public FilesInRemoval Removals { get; init; } = new();

    /// <summary>The saved contexts of runners.</summary>
    public SlotStore Slots => _slots;

    /// <summary>Replaces the settings. They apply to later starts.</summary>
    public void Configure(DaemonSettings settings)
    {
        _settings = settings;
        _slots.Configure(settings.Runners.KvCache);
    }

    public IManagedRunner Start(RunnerId runner, RunnerKey key, ModelEntry model)
    {
        DaemonSettings settings = _settings;
        RuntimeFolder folder = IntactFolder();
        var order = new StartOrder(runner, model, key.Mode, folder);
        if (Removals.HasFileOf(model))
            return Fail(StartFiles.Removed, order);
        Engine? engine = model.Settings.Engine is { } configured ? new CommandEngine(configured) : FindLlama(settings, model.Settings.Build);
        if (engine is null)
            return Fail("no engine to run models with: install llama-server, or name it in LLAMA_SERVER_PATH", order);
        if (engine.FindProblem(model) is { } problem)
            return Fail(problem, order);

        long? limit = model.Settings.MemoryLimitBytes ?? settings.Runners.MemoryLimitBytes;
        RunnerGroup? group;
        try
        {
            group = limit is { } bytes ? Groups.Create(bytes) : null;
        }
        catch (SpawnException failure)
        {
            return Fail(failure.Message, order);
        }

        RunnerStart start = engine.Plan(order with { Slots = (engine as LlamaEngine)?.KeepSlots(model, key.Mode, _slots, _time, _logger) }) with
        {
            Group = group,
            Files = new StartFiles(model.Files),
        };
        Task<ChildProcess> spawning = SpawnAsync(start, settings.Runners.LoadTimeout, new SpawnRequest(start.Program, [], start.Environment, folder.Path)
        {
            Group = group,
            Processors = model.Settings.CpuSet ?? settings.Runners.CpuSet,
        });
        return new RunnerProcess(spawning, start, settings.Runners, _memoryKills, _time, _logger);
    }

    public void Dispose()
    {
        _sweeping.GetAwaiter().GetResult();
        _spawner.Dispose();
        _memoryKills.Dispose();
        _folder.Dispose();
        foreach (RuntimeFolder folder in _replaced)
            folder.Dispose();
    }

    private static LlamaEngine? FindLlama(DaemonSettings settings, string? build = null) =>
        LlamaEngine.Choose(settings.Runners, settings.Metrics.Enabled, build);

    // Programs that clean temporary folders remove old files. Without the folder a start would fail with a misleading reason.
    private RuntimeFolder IntactFolder()
    {
        lock (_gate)
        {
            if (_folder.TryRestore())
                return _folder;

            RuntimeFolder replaced = _folder;
            _folder = RuntimeFolder.Create(_places);
            RunnerProcessLog.FolderReplaced(_logger, replaced.Path, _folder.Path);

            // The folders that still exist may contain sockets of running runners.
            _replaced.Add(replaced);
            foreach (RuntimeFolder gone in _replaced.FindAll(static folder => !folder.IsThere))
                gone.Dispose();
            _replaced.RemoveAll(static folder => !folder.IsThere);
            return _folder;
        }
    }

    // Processes of a killed daemon may use the memory that is needed now. The cleanup has usually ended before the first request.
    // The scheduler must not wait for a disk, so other threads look at files.
    private async Task<ChildProcess> SpawnAsync(RunnerStart start, TimeSpan limit, SpawnRequest request)
    {
        await _sweeping;
        try
        {
            await Task.Run(() => LookAtFiles(start)).WaitAsync(limit, _time);
        }
        catch (TimeoutException)
        {
            throw new SpawnException(string.Create(
                CultureInfo.InvariantCulture, $"the disk with the files of its model or its contexts did not respond within {limit.TotalSeconds:0.###} s"));
        }

        return await _spawner.StartAsync(request with { Arguments = start.UsableArguments });
    }

    private static void LookAtFiles(RunnerStart start)
    {
        start.Files.Read();
        if (start.Files.IsAnyRemoved)
            throw new StartCancelledException(StartFiles.Removed);
        start.Slots?.Begin();
    }

    private static void Sweep(IReadOnlyList<string> places, ILogger logger)
    {
        (int processes, int folders) = OrphanSweep.Run(places);
        if (processes + folders > 0)
            RunnerProcessLog.Swept(logger, processes, folders);
    }

    private FailedStart Fail(string message, StartOrder order) => Fail(new RunnerFailure(StopReason.NotStarted, message), order);

    private FailedStart Fail(RunnerFailure failure, StartOrder order)
    {
        RunnerProcessLog.NotStarted(_logger, order.Model.Reference, failure.Reason.ToLabelValue(), failure.Message);
        return new(failure, RunnerEndpointFactory.ForSocket(order.Runner, order.SocketPath));
    }
}
