using ModelRunner.Configuration;
using ModelRunner.Linux.Files;
using ModelRunner.Store.Checks;
using ModelRunner.Store.Foreign;
using ModelRunner.Store.Http;
using ModelRunner.Store.HuggingFace;
using ModelRunner.Store.Layout;
using ModelRunner.Store.Names;
using ModelRunner.Store.Pulls;
using ModelRunner.Store.Pushes;
using ModelRunner.Store.Registries;
using ModelRunner.Store.Registries.Access;

namespace ModelRunner.Daemon.Pulling;

/// <summary>
/// The store of the daemon and its pulls. Nothing is opened before the first pull, because sending requests needs OpenSSL: callers check that it is
/// present before they use <see cref="Queue"/>. Safe to call from any thread.
/// </summary>
internal sealed class ModelPulls : IDisposable
{
    private const int MaxTokenFile = 4096;

    private readonly Func<DaemonSettings> _settings;
    private readonly ByteRateLimit _rate;
    private readonly TimeProvider _time;
    private readonly ILogger<ModelPulls> _logger;
    private readonly ISourceThreads _threads;
    private readonly IMemoryFit? _fit;
    private readonly PushRunner _pushes;
    private readonly Lazy<(PullQueue Queue, PullRunner Runner, RegistryClient Registries, OutgoingClient Client)> _parts;

    /// <param name="settings">Reads the settings. Those of registries change only with a restart.</param>
    /// <param name="time">The clock.</param>
    /// <param name="logger">The log.</param>
    /// <param name="threads">Read the files of other tools.</param>
    /// <param name="fit">Says which models fit into the memory; null: all.</param>
    /// <param name="damage">Gets the files that are known to be damaged; null: nobody else needs them.</param>
    public ModelPulls(
        Func<DaemonSettings> settings, TimeProvider time, ILogger<ModelPulls> logger, ISourceThreads threads, IMemoryFit? fit = null,
        KnownDamage? damage = null)
    {
        (_settings, _time, _logger, _threads, _fit) = (settings, time, logger, threads, fit);
        Store = new ModelStore(StoreFolder.Below(settings().ModelsPath) with { Damage = damage ?? new KnownDamage() }, time);
        _pushes = new PushRunner(Store);
        Checks = new CheckRunner(Store) { Affected = LogDamaged };
        _rate = new ByteRateLimit(time) { BytesPerSecond = settings().Downloads.BytesPerSecond };

        // A file of authorities that cannot be used is tried again with the next pull.
        _parts = new(Make, LazyThreadSafetyMode.PublicationOnly);
    }

    /// <summary>The store.</summary>
    public ModelStore Store { get; }

    /// <summary>Whether the models folder itself is the store, so that Docker Model Runner may use it too.</summary>
    public bool IsShared => Store.Folder.IsShared;

    /// <summary>The limits of pulls.</summary>
    public PullSettings Limits { get; } = new();

    /// <summary>The bytes per second of all pulls together; null: no limit.</summary>
    public long? BytesPerSecond => _rate.BytesPerSecond;

    /// <summary>What pulls did.</summary>
    public PullCounters Counters { get; } = new();

    /// <summary>What pushes did.</summary>
    public PushCounters Pushed => _pushes.Counters;

    /// <summary>Checks the files of models.</summary>
    public CheckRunner Checks { get; }

    /// <summary>The pulls.</summary>
    public PullQueue Queue => _parts.Value.Queue;

    /// <summary>Finds out what a pull would fetch, and under which name. Nothing is stored.</summary>
    /// <exception cref="Store.Http.RemoteException">The registry did not say it.</exception>
    /// <exception cref="UnsupportedModelException">It is no model, or one that llama.cpp cannot load.</exception>
    public Task<PullPlan> PlanAsync(ArtifactName name, CancellationToken cancellationToken) =>
        _parts.Value.Runner.PlanAsync(new Pull(name, _time), cancellationToken);

    /// <summary>Takes the limit of new settings; pulls that run keep to it too.</summary>
    public void Configure(DaemonSettings settings) => _rate.BytesPerSecond = settings.Downloads.BytesPerSecond;

    /// <summary>Removes files of the store that nothing can continue, and those that no model needs and that are old enough. Never fails.</summary>
    public async Task CollectAsync()
    {
        CollectedFiles unfinished = Store.RemoveUnfinished();
        if (unfinished.Files > 0)
            _logger.LogUnfinished(unfinished.Files, unfinished.Bytes);

        // A models folder that is a store belongs to Docker Model Runner too, which may be fetching into it.
        if (IsShared || !StoreFolder.IsStore(Store.Folder.Root))
            return;
        try
        {
            CollectedFiles collected = await Store.CollectAsync(isDryRun: false, CancellationToken.None);
            if (collected.Files > 0)
                _logger.LogCollected(collected.Files, collected.Bytes);
        }
        catch (StoreException failure)
        {
            _logger.LogPullNote(failure.Message);
        }
    }

    /// <summary>Sends a model to a registry.</summary>
    /// <param name="push">The push.</param>
    /// <param name="token">A token for the registry; null: the credentials of the user are used.</param>
    /// <param name="cancellationToken">Ends it.</param>
    public async Task<PushOutcome> PushAsync(Push push, string? token, CancellationToken cancellationToken)
    {
        PushOutcome outcome = await RunAsync(push, token, cancellationToken);
        if (outcome.IsSuccess || outcome.Result == PushResult.Cancelled)
            _logger.LogPushEnded(push.Name, outcome.Message);
        else
            _logger.LogPushFailed(push.Name, outcome.Message);
        return outcome;
    }

    /// <summary>Notes that a prune removed a model.</summary>
    public void LogPruned(string model, string reason) => _logger.LogPruned(model, reason);

    /// <summary>Notes that a prune removed files that no model needs.</summary>
    public void LogPrunedFiles(int files, long bytes) => _logger.LogPrunedFiles(files, bytes);

    /// <summary>Notes that an archive was not loaded, for a reason that is none of its client.</summary>
    public void LogLoadFailed(string reason) => _logger.LogLoadFailed(reason);

    /// <summary>Notes what a check of a model found.</summary>
    public void LogDamaged(StoreEntry model, CheckedFile file) => _logger.LogDamaged(CheckText.NameOf(model), CheckText.Describe(file));

    /// <summary>Notes that sending an archive of a model stopped.</summary>
    public void LogSaveFailed(string model, string reason) => _logger.LogSaveFailed(model, reason);

    public void Dispose()
    {
        Checks.Dispose();
        if (_parts.IsValueCreated)
            _parts.Value.Client.Dispose();
    }

    private async Task<PushOutcome> RunAsync(Push push, string? token, CancellationToken cancellationToken)
    {
        RegistryClient client;
        try
        {
            client = _parts.Value.Registries;
        }
        catch (RemoteException failure)
        {
            // The file of authorities, or a proxy, cannot be used.
            return PushFailure.Explain(failure, isCancelled: false)!;
        }

        if (token is not null)
        {
            var credential = new RegistryCredential("the request") { RegistryToken = token };
            client = client.With(push.Name.Registry, credential, _logger.LogPullNote);
        }

        return await _pushes.RunAsync(push, client, cancellationToken);
    }

    private (PullQueue Queue, PullRunner Runner, RegistryClient Registries, OutgoingClient Client) Make()
    {
        DownloadSettings downloads = _settings().Downloads;
        var outgoing = new OutgoingSettings
        {
            Proxies = ProxyRules.FromEnvironment(),
            UserAgent = $"model-runner/{BuildInformation.Version}",
            AuthorityFile = downloads.AuthorityFile,
            PlainHttpHosts = downloads.PlainHttpHosts,
        };
        var client = new OutgoingClient(outgoing, _time);
        Action<string> notify = _logger.LogPullNote;
        var registries = new RegistryClient(
            client, outgoing, RegistriesOf(downloads, notify), RegistryCredentials.OfUser(notify, _time).FindAsync, _time);
        var adoption = new ContentAdoption(
            Store, () => [.. _settings().Sources.SelectMany(PlacesOf).OrderByDescending(static place => place.HasDigests)], new PlaceReader(_threads, _time));
        var fetches = new SharedFetches(new FileFetcher(Store, Limits, Counters, _time, adoption), _rate);
        var hub = new HubPlanner(new HubClient(client, new RegistrySettings { Notify = notify }, _time), ReadHubSettings, _fit);
        var runner = new PullRunner(Store, new RegistryPlanner(registries), fetches, Limits, adoption, hub);
        return (new PullQueue(runner, Counters, _time, Report), runner, registries, client);
    }

    private static IEnumerable<ContentPlace> PlacesOf(SourceSettings source)
    {
        ContentLayout? layout = source.Kind switch
        {
            SourceKind.Docker => ContentLayout.Artifacts,
            SourceKind.HuggingFace => ContentLayout.HuggingFace,
            SourceKind.Ollama => ContentLayout.Ollama,
            SourceKind.LlamaCpp => ContentLayout.LlamaCpp,
            SourceKind.LmStudio => ContentLayout.LmStudio,
            _ => null,
        };
        if (layout is not { } known)
            return [];
        IEnumerable<string> folders = source.Folders;
        if (source.Pointer is { } pointer && ReadSmallFile(pointer) is { } text && LmStudioFolder.FolderIn(text) is { } moved)
            folders = folders.Prepend(moved);
        return folders.Select(folder => new ContentPlace(SourceText.Format(source.Kind), known, folder));
    }

    private static RegistrySettings RegistriesOf(DownloadSettings downloads, Action<string> notify) =>
        new() { Notify = notify, DockerHubMirrors = downloads.Mirrors, TrustedRealms = downloads.TrustedRealms };

    private static HubSettings ReadHubSettings() => HubSettings.Read(Environment.GetEnvironmentVariable, ReadSmallFile);

    private static string? ReadSmallFile(string path)
    {
        try
        {
            using FileStream? file = RegularFile.Open(path);
            return file is { Length: <= MaxTokenFile } ? new StreamReader(file).ReadToEnd() : null;
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    private void Report(Pull pull, PullOutcome outcome, Exception? mistake)
    {
        if (mistake is not null)
            _logger.LogPullMistake(mistake, pull.Name);
        else if (outcome.IsSuccess || outcome.Result == PullResult.Cancelled)
            _logger.LogPullEnded(pull.Name, outcome.Message);
        else
            _logger.LogPullFailed(pull.Name, outcome.Message);
        _ = CollectAsync();
    }
}
