using System.Net;
using System.Net.Sockets;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.Extensions.Options;
using ModelRunner.Configuration;
using ModelRunner.Daemon.Accounting;
using ModelRunner.Daemon.Api;
using ModelRunner.Daemon.Diagnostics;
using ModelRunner.Daemon.Engines;
using ModelRunner.Daemon.Export;
using ModelRunner.Daemon.Hosting.Tls;
using ModelRunner.Daemon.Inference;
using ModelRunner.Daemon.Inference.Bodies;
using ModelRunner.Daemon.Inference.Exchange;
using ModelRunner.Daemon.Inference.Recording;
using ModelRunner.Daemon.Keys;
using ModelRunner.Daemon.Ledger;
using ModelRunner.Daemon.Metrics;
using ModelRunner.Daemon.Models;
using ModelRunner.Daemon.Pulling;
using ModelRunner.Daemon.Responses;
using ModelRunner.Daemon.Runners;
using ModelRunner.Daemon.Scraping;
using ModelRunner.Linux.Files;
using ModelRunner.Scheduling;
using ModelRunner.Store.Layout;
using Yarp.ReverseProxy.Forwarder;

namespace ModelRunner.Daemon.Hosting;

/// <summary>A running daemon. The composition root: creates the parts from the settings, connects them and maps the routes.</summary>
internal sealed class DaemonApplication : IAsyncDisposable
{
    /// <summary>How long responses and connections may take after the drain time, when the stop of every runner was requested.</summary>
    private static readonly TimeSpan ShutdownMargin = TimeSpan.FromSeconds(2);

    private readonly WebApplication _web;
    private readonly RunnerPool _pool;
    private readonly RunnerProcessLauncher _launcher;
    private readonly UnixListener? _socket;
    private readonly SettingsStore _settings;
    private readonly SettingsReload _reload;
    private readonly RequestLedger _ledger;
    private readonly OtlpExport? _export;
    private readonly MemoryRelease _memory;
    private readonly CancellationTokenSource _ending = new();
    private readonly ILogger<DaemonApplication> _logger;
    private Task? _stopping;
    private bool _isListening;

    private DaemonApplication(
        WebApplication web, ModelCatalog models, RunnerPool pool, RunnerProcessLauncher launcher, UnixListener? socket, SettingsStore settings,
        SettingsReload reload, RequestLedger ledger, OtlpExport? export, MemoryRelease memory)
    {
        Models = models;
        (_web, _pool, _launcher, _socket, _settings) = (web, pool, launcher, socket, settings);
        (_reload, _ledger, _export, _memory) = (reload, ledger, export, memory);
        _logger = web.Services.GetRequiredService<ILoggerFactory>().CreateLogger<DaemonApplication>();
    }

    /// <summary>The TCP addresses with the ports in use.</summary>
    public IEnumerable<Uri> TcpAddresses =>
        _web.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses
            .Where(static address => !address.StartsWith("http://unix:", StringComparison.Ordinal))
            .Select(static address => new Uri(address));

    /// <summary>All models.</summary>
    public ModelCatalog Models { get; }

    /// <summary>The models and modes of attached runners for which no server responds now. Takes at most a second.</summary>
    public async Task<IReadOnlySet<(string Model, RunnerMode Mode)>> FindUnfitModelsAsync()
    {
        RunnerSnapshot[] attached = [.. _pool.Runners.Where(static runner => runner.IsAttached)];
        IReadOnlyDictionary<RunnerId, AttachedState> unfit = await new AttachedHealth(TimeProvider.System).FindUnavailableAsync(attached);
        return attached.GroupBy(static runner => (runner.Key.Model, runner.Key.Mode))
            .Where(replicas => replicas.All(runner => unfit.ContainsKey(runner.Id)))
            .Select(static replicas => replicas.Key).ToHashSet();
    }

    /// <summary>Starts all parts; the daemon listens when this returns.</summary>
    /// <exception cref="ListenException">The daemon cannot listen on a configured address.</exception>
    /// <param name="settings">The settings to start with.</param>
    /// <param name="written">The options from which they were made.</param>
    /// <param name="time">The clock.</param>
    /// <param name="cancellationToken">Ends the start.</param>
    public static async Task<DaemonApplication> StartAsync(
        DaemonSettings settings, WrittenOptions written, TimeProvider time, CancellationToken cancellationToken)
    {
        UnixListener? socket = settings.Listen.SocketPath is { } path
            ? await UnixListener.ListenAsync(path, settings.Listen.SocketOption, ProcessLog.Say, time, cancellationToken)
            : null;
        DaemonApplication daemon;
        try
        {
            LedgerFile? ledger = await StateFolder.TakeAsync(settings.Ledger, ProcessLog.Say, time, cancellationToken);
            daemon = Make(settings, written, time, socket, ledger);
        }
        catch
        {
            socket?.Dispose();
            throw;
        }

        try
        {
            await daemon.ListenAsync(cancellationToken);
            CancellationToken ending = daemon._ending.Token;
            _ = Task.Run(() => daemon._memory.StartAsync(daemon.Models.LookAsync(ending), ending), CancellationToken.None);
            return daemon;
        }
        catch
        {
            await daemon.DisposeAsync();
            throw;
        }
    }

    /// <summary>Accepts no more requests, lets running ones end within the drain time, then stops every runner.</summary>
    public Task StopAsync() => _stopping ??= StopOnceAsync();

    /// <summary>Removes the files that would hinder the next daemon, for an end without draining.</summary>
    public void Abandon() => _socket?.Dispose();

    /// <summary>Cuts what is still running when the daemon ends, as the end of the drain time does.</summary>
    public void EndDrain() => _pool.EndDrain();

    /// <summary>Reads the configuration again. It has no effect once the daemon ends. Never throws.</summary>
    public Task ReloadAsync() => _ending.IsCancellationRequested ? Task.CompletedTask : _reload.ReloadAsync(_ending.Token);

    /// <summary>Calls an action when the configuration file was changed, until the result is disposed.</summary>
    public ConfigurationWatch WatchConfiguration(Action reload) =>
        new(_reload.FindStamp, () => _reload.ReadStamp, () => _settings.Current.ReloadOnChange, reload, TimeProvider.System);

    /// <summary>Calls an action when the program of an engine was replaced, until the result is disposed: other programs know other arguments.</summary>
    public ProgramWatch WatchPrograms(Action reload) => new(
        () => _settings.Current.Runners.Programs,
        path =>
        {
            _logger.LogProgramReplaced(path);
            reload();
        },
        TimeProvider.System);

    /// <summary>All runners.</summary>
    public IReadOnlyList<RunnerSnapshot> Runners => _pool.Runners;

    /// <summary>How long <see cref="StopAsync"/> may take.</summary>
    public TimeSpan StopLimit => LimitOf(_settings.Current.Runners) + ShutdownMargin;

    /// <summary>Returns when the loop that decides about runners has responded.</summary>
    public Task RespondAsync(CancellationToken cancellationToken) => _pool.RespondAsync(cancellationToken);

    public async ValueTask DisposeAsync()
    {
        await StopAsync();
        _memory.Dispose();
        _launcher.Dispose();
        await _web.DisposeAsync();
        _ledger.Dispose();
        if (_export is not null)
            await _export.DisposeAsync();
        _socket?.Dispose();
        _ending.Dispose();
    }

    private static DaemonApplication Make(
        DaemonSettings settings, WrittenOptions written, TimeProvider time, UnixListener? socket, LedgerFile? ledgerFile)
    {
        var store = new SettingsStore(settings, time.GetUtcNow());
        WebApplication web = Build(store, time, socket);
        ILoggerFactory logs = web.Services.GetRequiredService<ILoggerFactory>();
        var accounts = new RequestAccounts(time, settings.Metrics.MaxModels);
        var runners = new RunnerAccounts(settings.Metrics.MaxModels);
        var ledger = new RequestLedger(accounts, settings.Ledger, time, logs.CreateLogger<RequestLedger>(), runners, ledgerFile);
        store.Subscribe(next => ledger.Configure(next.Ledger));
        var damage = new KnownDamage();
        var catalog = new ModelCatalog(settings, time, logs.CreateLogger<ModelCatalog>(), FolderWatcher.Start(), damage);
        var launcher = new RunnerProcessLauncher(settings, time, logs.CreateLogger<RunnerProcessLauncher>());
        var pool = new RunnerPool(
            settings, launcher, time, logs.CreateLogger<RunnerPool>(), accounts: runners, requests: accounts, ledger: ledger);
        store.Subscribe(launcher.Configure);
        store.Subscribe(change => catalog.ConfigureAsync(change.Next));
        var keys = new KeyStore(settings, written.Options, time, logs.CreateLogger<KeyStore>());
        var fit = new PullFit(catalog, () => store.Current.Runners.MemoryBudgetBytes, pool);
        var pulls = new ModelPulls(() => store.Current, time, logs.CreateLogger<ModelPulls>(), FileThreads.Pulls, fit, damage);
        store.Subscribe((DaemonSettings next) => pulls.Configure(next));
        web.Lifetime.ApplicationStarted.Register(() => _ = Task.Run(pulls.CollectAsync));
        web.Lifetime.ApplicationStopped.Register(pulls.Dispose);
        var preloads = new ResidentPulls(pulls, catalog, time, logs.CreateLogger<ResidentPulls>());
        var residents = new ResidentLoader(catalog, () => store.Current, pool, time, logs.CreateLogger<ResidentLoader>(), preloads);
        Compose(web, store, keys, catalog, pool, pulls, accounts, ledger, time, residents, launcher);

        // The runners come last, so a request that names a new model already gets its new settings.
        store.Subscribe(change =>
        {
            pool.Configure(change, catalog.FindNow);
            return Task.CompletedTask;
        });
        store.Subscribe(change => change.IsReload
            ? residents.ApplyAsync(web.Lifetime.ApplicationStopping)
            : residents.ApplyChangeAsync(web.Lifetime.ApplicationStopping));
        web.Lifetime.ApplicationStarted.Register(() => _ = Task.Run(() => residents.ApplyAsync(web.Lifetime.ApplicationStopping)));
        new FileChanges(catalog, pool, residents, () => store.Current, logs.CreateLogger<FileChanges>()).Follow(web.Lifetime.ApplicationStopping);
        web.Lifetime.ApplicationStarted.Register(catalog.Start);
        web.Lifetime.ApplicationStopped.Register(catalog.Dispose);
        var reload = new SettingsReload(written, store, time, logs.CreateLogger<SettingsReload>());
        var otlp = OtlpSettings.Read(Environment.GetEnvironmentVariable, OpenSslLibrary.IsPresent);
        OtlpExport? export = OtlpExport.Start(otlp, pool, accounts, time, logs.CreateLogger<OtlpExport>());
        var memory = new MemoryRelease(() => accounts.Table.Models.Any(static model => model.IsInUse), time);
        return new DaemonApplication(web, catalog, pool, launcher, socket, store, reload, ledger, export, memory);
    }

    private static WebApplication Build(SettingsStore settings, TimeProvider time, UnixListener? socket)
    {
        WebApplicationBuilder builder = WebApplication.CreateEmptyBuilder(
            new WebApplicationOptions { ApplicationName = "model-runner", ContentRootPath = AppContext.BaseDirectory });
        builder.Logging.UseLineLog(settings, time);

        // The host would log a failed start with its stack trace; the command reports it in one sentence instead.
        builder.Logging.AddFilter("Microsoft.Extensions.Hosting.Internal.Host", LogLevel.None);
        builder.Logging.AddFilter("Yarp", LogLevel.None);

        // A client that breaks the rules of HTTP/2 would fill the log with errors: Kestrel logs one for each frame.
        builder.Logging.AddFilter("Microsoft.AspNetCore.Server.Kestrel.Http2", LogLevel.None);
        builder.UseKestrel(settings.Current, socket, time);
        builder.Services.AddRoutingCore();
        builder.Services.AddHttpForwarder();
        builder.Services.AddSingleton<IHostLifetime, NoLifetime>();
        return builder.Build();
    }

    private static void Compose(
        WebApplication web, SettingsStore store, KeyStore keys, ModelCatalog catalog, RunnerPool pool, ModelPulls pulls, RequestAccounts accounts,
        RequestLedger ledger, TimeProvider time, ResidentLoader residents, RunnerProcessLauncher launcher)
    {
        DaemonSettings settings = store.Current;
        ILoggerFactory logs = web.Services.GetRequiredService<ILoggerFactory>();
        store.Subscribe(next => keys.Configure(next));
        RequestMiddleware.Use(web, store, keys, ledger, time);

        var backends = new BackendDirectory(settings);
        store.Subscribe(backends.Configure);
        var forwarder = new RequestForwarder(web.Services.GetRequiredService<IHttpForwarder>(), time, logs.CreateLogger<RequestForwarder>());
        var causes = CauseText.Of(settings);
        store.Subscribe(causes.Configure);
        var bodies = new RequestBodies(settings.MaxBodyMemoryBytes, time);
        new ServiceEndpoint(settings.Metrics.Enabled).Map(web);
        var rights = new ModelRights(catalog);
        var problems = new ModelProblemLog(catalog, settings.ModelsPath, logs.CreateLogger<ModelProblemLog>());
        var warnings = new KeyWarningLog(keys, catalog, time, logs.CreateLogger<KeyWarningLog>(), web.Lifetime.ApplicationStopping);
        var actions = new ModelActions();
        new ModelsEndpoint(catalog, rights, problems, backends).Map(web);
        new PullEndpoint(pulls, catalog, bodies, time, web.Lifetime.ApplicationStopping).Map(web);
        var stored = new StoredModels(pulls, catalog);
        var loaded = new LoadedModels(pool, launcher.Removals);
        new ModelDetailsEndpoint(catalog, rights, pulls, loaded, new ModelDetailsReader(pulls, time), actions).Map(web);
        new StoreEndpoint(pulls, catalog, stored, loaded).Map(web);
        new VerifyEndpoint(pulls, catalog, stored, loaded, bodies, time, web.Lifetime.ApplicationStopping).Map(web);
        new TagEndpoint(catalog, stored).AddTo(actions);
        new PushEndpoint(pulls, stored, bodies, time, web.Lifetime.ApplicationStopping).AddTo(actions);
        new ArchiveRoutes(pulls, catalog, stored, bodies, time, web.Lifetime.ApplicationStopping).Map(web, actions);
        actions.Map(web);
        web.Lifetime.ApplicationStarted.Register(ListProblems);
        store.Subscribe((DaemonSettings _) => ListProblems());
        keys.Subscribe(ListProblems);
        var engines = new EngineReport(() => store.Current, time, web.Lifetime.ApplicationStopping);
        new RunnersEndpoint(pool, catalog, backends, new AttachedHealth(time), engines, causes).Map(web);
        new LogsEndpoint(pool.Logs, catalog, time, web.Lifetime.ApplicationStopping).Map(web);
        new DecisionsEndpoint(pool.Decisions, catalog, causes).Map(web);
        new UsageEndpoint(ledger, time).Map(web);
        new ProblemsEndpoint(store, keys, warnings, ledger, () => [.. residents.Problems, .. pool.ResidentProblems]).Map(web);
        new DiskEndpoint(
            new DiskReader(() => store.Current, catalog.FindNow, FileThreads.Shared, time),
            new DiskModelReader(catalog, pulls, pool, ledger, FileThreads.Shared)).Map(web);
        var pruner = new StorePruner(pulls, catalog, pool, loaded, ledger, () => store.Current, time);
        web.Lifetime.ApplicationStopped.Register(pruner.Dispose);
        new PruneEndpoint(pruner, bodies).Map(web);
        new UnloadEndpoint(catalog, pool, backends, bodies, launcher.Slots.Knows, launcher.Slots.Purge).Map(web);
        new ConfigureEndpoint(
            store, new FlagCheck(() => store.Current), new DraftCheck(catalog), catalog, backends, bodies, pool.Decisions, time,
            logs.CreateLogger<ConfigureEndpoint>()).Map(web);
        var recorder = new RequestRecorder(settings, time);
        store.Subscribe(recorder.Configure);
        new RequestsEndpoint(recorder, store, catalog, time, web.Lifetime.ApplicationStopping).Map(web);
        var exchange = new RequestExchange(pool, forwarder, ledger, causes, time);
        var keepAlive = new KeepAliveLimit(() => store.Current.Runners.KeepAlive);
        var models = new MissingModels(rights, catalog, pulls, bodies.Waiting, () => store.Current, time, web.Lifetime.ApplicationStopping);
        new InferenceEndpoint(models, new KeyLimits(accounts.KeyUse, time), keepAlive, backends, bodies, exchange, ledger, recorder, time).Map(web);
        if (settings.Metrics.Enabled)
            ComposeMetrics(web, store, keys, pool, pulls, accounts, ledger, () => catalog.Sizes, time);

        // The log gets the problems of models and keys. Nothing waits for the disk.
        void ListProblems() => _ = Task.Run(() => Task.WhenAll(problems.ListAsync(web.Lifetime.ApplicationStopping), warnings.LogAsync()));
    }

    private static void ComposeMetrics(
        WebApplication web, SettingsStore store, KeyStore keys, RunnerPool pool, ModelPulls pulls, RequestAccounts accounts, RequestLedger ledger,
        Func<IReadOnlyList<SourceSize>> sizes, TimeProvider time)
    {
        ILoggerFactory logs = web.Services.GetRequiredService<ILoggerFactory>();
        ILogger<DaemonApplication> log = logs.CreateLogger<DaemonApplication>();
        MetricsSettings settings = store.Current.Metrics;
        var shared = new SharedEndpoints(store.Current.AttachedRunners);
        Warn(shared.Warnings);
        var scraper = new RunnerScraper(settings, time);
        var paces = new MergePaces();
        var pages = new PageAssembler(
            settings, paces, time, logs.CreateLogger<PageAssembler>(), shared,
            new RunnerMetrics(pool.Accounts, () => store.Current.Runners.MemoryBudgetBytes, () => pool.Usage.Cards, () => pool.LoadRatio.Value),
            new RequestMetrics(accounts, () => ledger.Status, () => keys.Current.HasNames), () => store.LastReload,
            web.Services.GetService<ServerTls>() is { } tls ? () => tls.Source.Current.ExpiresAt : null, pulls.Counters, sizes: sizes, pushes: pulls.Pushed);

        // A slow client must not keep the memory that another scrape needs for its runners.
        scraper.Bodies.TryFreeAsync = pages.TryFreeBodiesAsync;
        store.Subscribe(next =>
        {
            var nextShared = new SharedEndpoints(next.AttachedRunners);
            Warn(nextShared.Warnings.Except(shared.Warnings, StringComparer.Ordinal));
            shared = nextShared;
            scraper.Configure(next.Metrics);
            pages.Configure(next.Metrics, shared);
        });
        web.Lifetime.ApplicationStopped.Register(() =>
        {
            pages.Dispose();
            scraper.Dispose();
        });
        var snapshotScraper = new SnapshotScraper(() => pool.Runners, scraper, pool.Usage, paces, time);
        new MetricsEndpoint(snapshotScraper, pages, () => store.Current.Metrics.Timeout, time).Map(web);

        void Warn(IEnumerable<string> warnings)
        {
            foreach (string warning in warnings)
                log.LogSettingsWarning(warning);
        }
    }

    private async Task ListenAsync(CancellationToken cancellationToken)
    {
        try
        {
            await _web.StartAsync(cancellationToken);
            _isListening = true;
        }
        catch (Exception failure) when (failure is IOException or SocketException && _settings.Current.Listen.Tcp is not null)
        {
            throw ListenException.ForTcp(_settings.Current.Listen, failure);
        }
    }

    private static TimeSpan LimitOf(RunnerSettings runners) =>
        runners.DrainTimeout + (runners.KvCache.Persist ? runners.KvCache.Timeout : TimeSpan.Zero) + runners.StopGrace + ShutdownMargin;

    /// <summary>Logs that it listens. To be called when clients can find it: who reads this line may start one at once.</summary>
    public void LogStart()
    {
        DaemonSettings settings = _settings.Current;
        IEnumerable<string> addresses = TcpAddresses.Select(static address => address.GetLeftPart(UriPartial.Authority));
        if (_socket is not null)
            addresses = addresses.Prepend($"unix:{_socket.Path}");
        _logger.LogListening(BuildInformation.Version, string.Join(" and ", addresses));

        if (settings.Runners.LlamaServerPath is { } server)
            _logger.LogEngine("llama-server", server);
        else if (settings.Runners.LlamaHostPath is { } host)
            _logger.LogEngine("the embedded llama-host", host);
        else
            _logger.LogNoEngine();

        foreach (string warning in settings.Warnings)
            _logger.LogSettingsWarning(warning);
        if (settings is { IsInsecure: true, RequiresKey: false, Listen.Tcp: { } tcp } && !IPAddress.IsLoopback(tcp.Address))
            _logger.LogInsecure(tcp.ToString());
    }

    private async Task StopOnceAsync()
    {
        await _ending.CancelAsync();
        RunnerSettings runners = _settings.Current.Runners;
        if (_isListening)
            _logger.LogDraining(runners.DrainTimeout.TotalSeconds);

        // From here on no new connection is accepted. Running requests continue; requests that still wait for a runner are refused.
        _socket?.Remove();
        Task drained = _pool.DisposeAsync().AsTask();

        // The host reads this value when it stops.
        _web.Services.GetRequiredService<IOptions<HostOptions>>().Value.ShutdownTimeout = LimitOf(runners);
        await _web.StopAsync();
        await drained;
        if (_isListening)
            _logger.LogEnded();
    }
}
