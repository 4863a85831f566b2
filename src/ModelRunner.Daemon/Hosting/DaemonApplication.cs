using System.Net;
using System.Net.Sockets;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using ModelRunner.Configuration;
using ModelRunner.Daemon.Access;
using ModelRunner.Daemon.Api;
using ModelRunner.Daemon.Diagnostics;
using ModelRunner.Daemon.Engines;
using ModelRunner.Daemon.Hosting.Connections;
using ModelRunner.Daemon.Inference;
using ModelRunner.Daemon.Inference.Bodies;
using ModelRunner.Daemon.Inference.Exchange;
using ModelRunner.Daemon.Metrics;
using ModelRunner.Daemon.Models;
using ModelRunner.Daemon.Responses;
using ModelRunner.Daemon.Runners;
using ModelRunner.Daemon.Scraping;
using ModelRunner.Scheduling;
using Yarp.ReverseProxy.Forwarder;

namespace ModelRunner.Daemon.Hosting;

/// <summary>A running daemon. The composition root: creates the parts from the settings, connects them and maps the routes.</summary>
internal sealed class DaemonApplication : IAsyncDisposable
{
    /// <summary>How long responses and connections may take after the drain time, when every runner was told to stop.</summary>
    private static readonly TimeSpan ShutdownMargin = TimeSpan.FromSeconds(2);

    private readonly WebApplication _web;
    private readonly RunnerPool _pool;
    private readonly RunnerProcessLauncher _launcher;
    private readonly UnixListener? _socket;
    private readonly DaemonSettings _settings;
    private readonly ILogger<DaemonApplication> _logger;
    private Task? _stopping;
    private bool _isListening;

    private DaemonApplication(
        WebApplication web, ModelCatalog models, RunnerPool pool, RunnerProcessLauncher launcher, UnixListener? socket, DaemonSettings settings)
    {
        Models = models;
        (_web, _pool, _launcher, _socket, _settings) = (web, pool, launcher, socket, settings);
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
    public static async Task<DaemonApplication> StartAsync(DaemonSettings settings, TimeProvider time, CancellationToken cancellationToken)
    {
        UnixListener? socket = settings.Listen.SocketPath is { } path
            ? await UnixListener.ListenAsync(path, settings.Listen.SocketOption, ProcessLog.Say, time, cancellationToken)
            : null;
        DaemonApplication daemon;
        try
        {
            daemon = Make(settings, time, socket);
        }
        catch
        {
            socket?.Dispose();
            throw;
        }

        try
        {
            await daemon.ListenAsync(cancellationToken);
            daemon.Announce();
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

    /// <summary>Logs that a SIGHUP was ignored.</summary>
    public void NoteHangup() => _logger.LogHangup();

    public async ValueTask DisposeAsync()
    {
        await StopAsync();
        _launcher.Dispose();
        await _web.DisposeAsync();
        _socket?.Dispose();
    }

    private static DaemonApplication Make(DaemonSettings settings, TimeProvider time, UnixListener? socket)
    {
        WebApplication web = Build(settings, time, socket);
        ILoggerFactory logs = web.Services.GetRequiredService<ILoggerFactory>();
        var catalog = new ModelCatalog(settings, time);
        var launcher = new RunnerProcessLauncher(settings, time, logs.CreateLogger<RunnerProcessLauncher>());
        var pool = new RunnerPool(settings, launcher, time, logs.CreateLogger<RunnerPool>());
        Compose(web, settings, catalog, pool, time);
        return new DaemonApplication(web, catalog, pool, launcher, socket, settings);
    }

    private static WebApplication Build(DaemonSettings settings, TimeProvider time, UnixListener? socket)
    {
        WebApplicationBuilder builder = WebApplication.CreateEmptyBuilder(
            new WebApplicationOptions { ApplicationName = "model-runner", ContentRootPath = AppContext.BaseDirectory });
        builder.Logging.UseLineLog(settings.LogLevel, settings.LogDirectory, time);

        // The host would log a failed start with its stack trace; the command reports it in one sentence instead.
        builder.Logging.AddFilter("Microsoft.Extensions.Hosting.Internal.Host", LogLevel.None);
        builder.Logging.AddFilter("Yarp", LogLevel.None);

        // A client that breaks the rules of HTTP/2 would fill the log with errors: Kestrel logs one for each frame.
        builder.Logging.AddFilter("Microsoft.AspNetCore.Server.Kestrel.Http2", LogLevel.None);
        builder.UseKestrel(settings, socket, time);
        builder.Services.AddRoutingCore();
        builder.Services.AddHttpForwarder();
        builder.Services.AddSingleton<IHostLifetime, NoLifetime>();
        builder.Services.Configure<HostOptions>(host =>
            host.ShutdownTimeout = settings.Runners.DrainTimeout + settings.Runners.StopGrace + ShutdownMargin);
        return builder.Build();
    }

    private static void Compose(WebApplication web, DaemonSettings settings, ModelCatalog catalog, RunnerPool pool, TimeProvider time)
    {
        ILoggerFactory logs = web.Services.GetRequiredService<ILoggerFactory>();
        var hosts = new HostPolicy(settings);
        var origins = new OriginPolicy(settings);
        var keys = new KeyPolicy(settings);
        ILogger<ErrorHandling> errorLog = logs.CreateLogger<ErrorHandling>();
        ILogger<RequestIdentity> requestLog = logs.CreateLogger<RequestIdentity>();
        web.Use(next => new RequestIdentity(next, time, requestLog).InvokeAsync);
        web.Use(next => new CleanPath(next).InvokeAsync);
        web.Use(next => new ErrorHandling(next, errorLog).InvokeAsync);
        var connections = web.Services.GetRequiredService<ConnectionTable>();
        web.Use(next => new ConnectionLimit(next, connections, time).InvokeAsync);
        web.Use(next => new AccessControl(next, hosts, origins, keys).InvokeAsync);
        web.UseRouting();

        var backends = new BackendDirectory(settings);
        var forwarder = new RequestForwarder(
            web.Services.GetRequiredService<IHttpForwarder>(), time, logs.CreateLogger<RequestForwarder>());
        var causes = CauseText.Of(settings);
        var bodies = new RequestBodies(settings.MaxBodyMemoryBytes, time);
        new ServiceEndpoint(settings.Metrics.Enabled, settings.Runners.LlamaServerPath is not null).Map(web);
        var problems = new ModelProblemLog(catalog, settings.ModelsPath, logs.CreateLogger<ModelProblemLog>());
        new ModelsEndpoint(catalog, problems, backends).Map(web);
        web.Lifetime.ApplicationStarted.Register(() => _ = Task.Run(() => problems.ListAsync(web.Lifetime.ApplicationStopping)));
        new RunnersEndpoint(pool, backends, new AttachedHealth(time), causes).Map(web);
        new UnloadEndpoint(catalog, pool, backends, bodies).Map(web);
        new InferenceEndpoint(catalog, backends, bodies, new RequestExchange(pool, forwarder, causes, time)).Map(web);
        if (settings.Metrics.Enabled)
        {
            var shared = new SharedEndpoints(settings.AttachedRunners);
            foreach (string warning in shared.Warnings)
                logs.CreateLogger<DaemonApplication>().LogSettingsWarning(warning);
            var scraper = new RunnerScraper(settings.Metrics, time);
            var pages = new PageAssembler(() => pool.Runners, scraper, settings.Metrics, time, logs.CreateLogger<PageAssembler>(), shared);
            web.Lifetime.ApplicationStopped.Register(() =>
            {
                pages.Dispose();
                scraper.Dispose();
            });
            new MetricsEndpoint(pages, settings.Metrics.Timeout, ApiErrors.RefuseScrapeAsync, time).Map(web);
        }
    }

    private async Task ListenAsync(CancellationToken cancellationToken)
    {
        try
        {
            await _web.StartAsync(cancellationToken);
            _isListening = true;
        }
        catch (Exception failure) when (failure is IOException or SocketException && _settings.Listen.Tcp is { } tcp)
        {
            SocketError? error = (failure.GetBaseException() as SocketException)?.SocketErrorCode;
            string reason = error switch
            {
                SocketError.AddressAlreadyInUse => "another program uses the port",
                SocketError.AddressNotAvailable => "this machine has no such address",
                SocketError.AccessDenied => "the port may only be used by root",
                _ => failure.GetBaseException().Message,
            };
            throw new ListenException($"cannot listen on {tcp}: {reason}; change {_settings.Listen.TcpOptions}", failure)
            {
                IsPortTaken = error is SocketError.AddressAlreadyInUse,
            };
        }
    }

    private void Announce()
    {
        IEnumerable<string> addresses = TcpAddresses.Select(static address => address.GetLeftPart(UriPartial.Authority));
        if (_socket is not null)
            addresses = addresses.Prepend($"unix:{_socket.Path}");
        _logger.LogListening(BuildInformation.Version, string.Join(" and ", addresses));

        if (_settings.Runners.LlamaServerPath is { } server)
            _logger.LogEngine("llama-server", server);
        else if (_settings.Runners.LlamaHostPath is { } host)
            _logger.LogEngine("the embedded llama-host", host);
        else
            _logger.LogNoEngine();

        foreach (string warning in _settings.Warnings)
            _logger.LogSettingsWarning(warning);
        if (_settings is { IsInsecure: true, ApiKey: null, Listen.Tcp: { } tcp } && !IPAddress.IsLoopback(tcp.Address))
            _logger.LogInsecure(tcp.ToString());
    }

    private async Task StopOnceAsync()
    {
        if (_isListening)
            _logger.LogDraining(_settings.Runners.DrainTimeout.TotalSeconds);

        // From here on no new connection is accepted. Running requests continue; requests that still wait for a runner are refused.
        _socket?.Remove();
        Task drained = _pool.DisposeAsync().AsTask();
        await _web.StopAsync();
        await drained;
        if (_isListening)
            _logger.LogEnded();
    }
}
