using System.Collections.Concurrent;
using System.Text;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using ModelRunner.Cli;
using ModelRunner.Configuration;
using ModelRunner.Testing;

namespace ModelRunner.Daemon.Tests.Cli;

/// <summary>Responds like a daemon, on the default socket of its own folder, and runs commands in that folder.</summary>
internal sealed class FakeDaemon : IAsyncDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly ConcurrentDictionary<string, RequestDelegate> _routes = new(StringComparer.Ordinal);
    private readonly HashSet<string> _uploads = [];
    private WebApplication? _app;

    private FakeDaemon() => Environment["XDG_RUNTIME_DIR"] = Directory.CreateDirectory(Path.Join(_folder.Path, "run")).FullName;

    public Dictionary<string, string> Environment { get; } = new(StringComparer.Ordinal);

    public ConcurrentQueue<(string Path, string Body, string Authorization)> Requests { get; } = new();

    public string SocketPath => Path.Join(_folder.Path, "model-runner.sock");

    public string FolderPath => _folder.Path;

    public static async Task<FakeDaemon> StartAsync()
    {
        var daemon = new FakeDaemon();
        WebApplicationBuilder builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.ListenUnixSocket(daemon.SocketPath));
        daemon._app = builder.Build();
        daemon._app.Run(daemon.AnswerAsync);
        await daemon._app.StartAsync(TestContext.Current.CancellationToken);
        return daemon;
    }

    public static FakeDaemon NotStarted() => new();

    public FakeDaemon On(string path, string body, int status = 200, string type = "application/json") => On(path, async context =>
    {
        context.Response.StatusCode = status;
        context.Response.ContentType = type;
        await context.Response.WriteAsync(body);
    });

    /// <summary>Responds with events, as a chat does.</summary>
    public FakeDaemon OnStream(string path, RequestDelegate answer) => On(path, context =>
    {
        context.Response.ContentType = "text/event-stream";
        return answer(context);
    });

    public FakeDaemon OnStream(string path, string body) => OnStream(path, context => context.Response.WriteAsync(body));

    /// <summary>Responds before the body of the request was read.</summary>
    public FakeDaemon OnUpload(string path, RequestDelegate answer)
    {
        _uploads.Add(path);
        return On(path, answer);
    }

    public FakeDaemon On(string path, RequestDelegate answer)
    {
        _routes[path] = answer;
        return this;
    }

    /// <summary>Runs a command to its end.</summary>
    public async Task<(int ExitCode, string Out, string Error)> RunAsync(
        string[] arguments, string input = "", Stream? output = null, string? workingDirectory = null, TextReader? typed = null,
        TimeProvider? time = null)
    {
        using var collected = new MemoryStream();
        await using var error = new StringWriter();
        var console = new CliConsole(output ?? collected, error, typed ?? new StringReader(input), IsTerminal: true) { IsInputTerminal = typed is not null };
        var options = new DaemonOptions { Environment = Environment, WorkingDirectory = workingDirectory ?? _folder.Path, BaseDirectory = _folder.Path };
        int exitCode = await CommandLine.RunAsync(arguments, static (_, _) => Task.FromResult(77), console, options, time);
        return (exitCode, Encoding.UTF8.GetString(collected.ToArray()), error.ToString());
    }

    public async ValueTask DisposeAsync()
    {
        if (_app is not null)
            await _app.DisposeAsync();
        _folder.Dispose();
    }

    private async Task AnswerAsync(HttpContext context)
    {
        using var reader = new StreamReader(context.Request.Body);
        string path = context.Request.Path;
        if (path == "/health" && !_routes.ContainsKey(path))
            return;
        Requests.Enqueue((path, _uploads.Contains(path) ? "" : await reader.ReadToEndAsync(), context.Request.Headers.Authorization.ToString()));
        if (_routes.TryGetValue(path, out RequestDelegate? answer))
            await answer(context);
        else
            context.Response.StatusCode = 404;
    }
}
