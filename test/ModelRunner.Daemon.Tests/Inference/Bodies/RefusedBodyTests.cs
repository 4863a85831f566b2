using System.Net.Sockets;
using System.Text;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Time.Testing;
using ModelRunner.Daemon.Inference.Bodies;
using ModelRunner.Daemon.Responses;
using ModelRunner.Testing;

namespace ModelRunner.Daemon.Tests.Inference.Bodies;

/// <summary>What becomes of a connection whose request was refused while its body was read, by a real server.</summary>
public sealed class RefusedBodyTests
{
    private const int MiB = 1 << 20;
    private const int Size = 200_000;

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_client_whose_body_found_no_memory_may_use_its_connection_again()
    {
        using var folder = new TemporaryFolder();
        string path = Path.Join(folder.Path, "s.sock");
        var time = new FakeTimeProvider();
        var bodies = new RequestBodies(4 * MiB, time);
        var holding = new DefaultHttpContext { Request = { Body = new MemoryStream(new byte[3 * MiB]) } };
        using RequestBody holder = await bodies.ReadAsync(holding.Request, Cancellation);
        await using WebApplication server = await ServeAsync(path, bodies);
        using Socket socket = await RawHttp.ConnectAsync(path);

        await RawHttp.SendAllAsync(socket, Encoding.ASCII.GetBytes($"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: {Size}\r\n\r\n"));
        await RawHttp.SendAllAsync(socket, new byte[Size]);
        await DaemonFixture.WaitUntilAsync(() => Task.FromResult(bodies.Large.WaitingCount == 1), DaemonFixture.Patience);
        time.Advance(RequestBodyBudget.WaitTimeout);
        string answers = await RawHttp.ExchangeAsync(socket, "GET /again HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");

        Assert.StartsWith("HTTP/1.1 503 ", answers, StringComparison.Ordinal);
        Assert.EndsWith("answered /again", answers, StringComparison.Ordinal);
    }

    private static async Task<WebApplication> ServeAsync(string path, RequestBodies bodies)
    {
        WebApplicationBuilder builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(kestrel =>
        {
            kestrel.Limits.MaxRequestBufferSize = 64 * 1024;
            kestrel.ListenUnixSocket(path);
        });
        WebApplication server = builder.Build();
        server.Run(async context =>
        {
            try
            {
                using RequestBody body = await bodies.ReadAsync(context.Request, context.RequestAborted);
                string answer = $"answered {context.Request.Path}";
                context.Response.ContentLength = answer.Length;
                await context.Response.WriteAsync(answer);
            }
            catch (ApiException refusal)
            {
                await ApiErrorWriter.WriteAsync(context, refusal.Error);
            }
        });
        await server.StartAsync(Cancellation);
        return server;
    }
}
