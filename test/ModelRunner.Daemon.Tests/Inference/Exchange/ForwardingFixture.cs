using System.Net.Sockets;
using System.Text;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using ModelRunner.Configuration;
using ModelRunner.Daemon.Accounting;
using ModelRunner.Daemon.Inference.Exchange;
using ModelRunner.Daemon.Ledger;
using ModelRunner.Daemon.Runners;
using ModelRunner.Scheduling;
using ModelRunner.Testing;
using Yarp.ReverseProxy.Forwarder;

namespace ModelRunner.Daemon.Tests.Inference.Exchange;

/// <summary>A client, the forwarder behind a server of its own, and a runner whose response the test gives; all on Unix sockets.</summary>
internal sealed class ForwardingFixture : IAsyncDisposable
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    private readonly TemporaryFolder _folder = new();
    private readonly CancellationTokenSource _runnerGone = new();
    private readonly TaskCompletionSource<ForwardOutcome> _outcome = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private RunnerFailure? _failure;
    private WebApplication? _front;
    private WebApplication? _runner;

    private ForwardingFixture()
    {
        Client = new HttpClient(Connecting(Path.Join(_folder.Path, "front.sock"))) { BaseAddress = new Uri("http://localhost/") };
        Endpoint = RunnerEndpointFactory.ForManaged(new RunnerId(1), RunnerSocket, maxConnections: 8);
    }

    /// <summary>Talks to the forwarder.</summary>
    public HttpClient Client { get; }

    public string RunnerSocket => Path.Join(_folder.Path, "runner.sock");

    /// <summary>How the runner is reached.</summary>
    public RunnerEndpoint Endpoint { get; set; }

    /// <summary>What the last request said about the runner.</summary>
    public RequestResult? Result { get; private set; }

    /// <summary>What the forwarder read the last request's body from.</summary>
    public Stream? Body { get; private set; }

    /// <summary>What was counted of the last request; null before it was sent.</summary>
    public RequestRecord? Record { get; private set; }

    /// <summary>How the first request ended.</summary>
    public Task<ForwardOutcome> Outcome => _outcome.Task;

    /// <summary>Starts both servers.</summary>
    /// <param name="answer">The runner's response; null: no process listens there.</param>
    public static async Task<ForwardingFixture> StartAsync(RequestDelegate? answer)
    {
        var fixture = new ForwardingFixture();
        if (answer is not null)
            fixture._runner = await ServeAsync(fixture.RunnerSocket, answer);
        fixture._front = await ServeAsync(Path.Join(fixture._folder.Path, "front.sock"), fixture.ForwardAsync);
        return fixture;
    }

    /// <summary>Starts the forwarder before a runner that is somebody else's.</summary>
    public static async Task<ForwardingFixture> StartAsync(RunnerEndpoint endpoint)
    {
        ForwardingFixture fixture = await StartAsync(answer: null);
        fixture.Endpoint = endpoint;
        return fixture;
    }

    /// <summary>Asks the runner for something with this body.</summary>
    public Task<HttpResponseMessage> SendAsync(string body, CancellationToken cancellation, Action<HttpRequestMessage>? adjust = null)
    {
        var content = new StringContent(body, Encoding.UTF8, "text/plain");
        var request = new HttpRequestMessage(HttpMethod.Post, "anything?and=more") { Content = content };
        adjust?.Invoke(request);
        return Client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, cancellation);
    }

    /// <summary>The clock of the forwarder.</summary>
    public TimeProvider Time { get; set; } = TimeProvider.System;

    /// <summary>Says, as the pool does, that the runner ended.</summary>
    /// <param name="failure">Why; null: it was stopped on request.</param>
    public Task EndRunnerAsync(RunnerFailure? failure = null)
    {
        _failure = failure;
        return _runnerGone.CancelAsync();
    }

    public async ValueTask DisposeAsync()
    {
        Client.Dispose();
        foreach (WebApplication server in new[] { _front, _runner }.OfType<WebApplication>())
        {
            await server.StopAsync(new CancellationToken(canceled: true));
            await server.DisposeAsync();
        }

        _runnerGone.Dispose();
        _folder.Dispose();
    }

    private static async Task<WebApplication> ServeAsync(string path, RequestDelegate answer)
    {
        WebApplicationBuilder builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.Services.AddHttpForwarder();
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.ListenUnixSocket(path));
        WebApplication server = builder.Build();
        server.Run(answer);
        await server.StartAsync(Cancellation);
        return server;
    }

    private async Task ForwardAsync(HttpContext context)
    {
        using var body = new MemoryStream();
        await context.Request.Body.CopyToAsync(body);
        var accounts = new RequestAccounts(TimeProvider.System);
        using var ledger = new RequestLedger(accounts, new LedgerSettings(), TimeProvider.System, NullLogger<RequestLedger>.Instance);
        var forwarder = new RequestForwarder(
            context.RequestServices.GetRequiredService<IHttpForwarder>(), Time, NullLogger<RequestForwarder>.Instance);
        ForwardOutcome outcome;
        Record = ledger.Begin();
        using (var lease = new RunnerLease(new RunnerId(1), Endpoint, result => Result = result, () => _failure)
        {
            Model = "canonical:latest", RunnerGone = _runnerGone.Token,
        })
        {
            outcome = await forwarder.ForwardAsync(context, lease, new RunnerRequest("v1/chat/completions", body.ToArray()), new ResponseEnd(ledger, Record));
        }

        if (outcome is ForwardOutcome.RunnerFailed or ForwardOutcome.NotReached or ForwardOutcome.Unread)
            context.Response.StatusCode = StatusCodes.Status418ImATeapot;
        Body = context.Request.Body;
        _outcome.TrySetResult(outcome);
    }

    private static SocketsHttpHandler Connecting(string path) => new()
    {
        AllowAutoRedirect = false,
        UseCookies = false,
        UseProxy = false,
        ResponseDrainTimeout = TimeSpan.Zero,
        ConnectCallback = async (_, cancellation) =>
        {
            var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
            await socket.ConnectAsync(new UnixDomainSocketEndPoint(path), cancellation);
            return new NetworkStream(socket, ownsSocket: true);
        },
    };
}
