using System.Buffers.Binary;
using System.Collections.Concurrent;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.Logging;
using ModelRunner.Testing;

namespace ModelRunner.Daemon.Tests.Export;

/// <summary>Takes OTLP over gRPC without encryption, and passes the messages on to an <see cref="OtlpReceiver"/>.</summary>
internal sealed class GrpcGateway : IAsyncDisposable
{
    private const int PrefixLength = 5;

    private readonly WebApplication _web;
    private readonly HttpClient _client = new();

    private GrpcGateway(WebApplication web) => _web = web;

    public string Address => _web.Urls.Single();

    /// <summary>The header <c>x-tenant</c> of each request.</summary>
    public ConcurrentBag<string> Tenants { get; } = [];

    public static async Task<GrpcGateway> StartAsync(string receiver)
    {
        WebApplicationBuilder builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0").ConfigureKestrel(static kestrel => kestrel.ConfigureEndpointDefaults(
            static endpoint => endpoint.Protocols = HttpProtocols.Http2));
        WebApplication web = builder.Build();
        var gateway = new GrpcGateway(web);
        web.MapPost("/opentelemetry.proto.collector.{signal}.v1.{service}/Export", context => gateway.PassAsync(
            context, new Uri($"{receiver}/v1/{(context.Request.Path.Value!.Contains(".trace.", StringComparison.Ordinal) ? "traces" : "metrics")}")));
        await web.StartAsync();
        return gateway;
    }

    public async ValueTask DisposeAsync()
    {
        _client.Dispose();
        await _web.DisposeAsync();
    }

    private async Task PassAsync(HttpContext context, Uri target)
    {
        Tenants.Add(context.Request.Headers["x-tenant"].ToString());
        using var body = new MemoryStream();
        await context.Request.Body.CopyToAsync(body);
        byte[] frame = body.ToArray();
        Assert.Equal(frame.Length - PrefixLength, BinaryPrimitives.ReadInt32BigEndian(frame.AsSpan(1)));
        using HttpResponseMessage answer = await _client.PostAsync(target, new ByteArrayContent(frame, PrefixLength, frame.Length - PrefixLength));
        byte[] message = await answer.Content.ReadAsByteArrayAsync();

        context.Response.ContentType = "application/grpc";
        byte[] prefix = new byte[PrefixLength];
        BinaryPrimitives.WriteInt32BigEndian(prefix.AsSpan(1), message.Length);
        await context.Response.Body.WriteAsync(prefix);
        await context.Response.Body.WriteAsync(message);
        context.Response.AppendTrailer("grpc-status", "0");
    }
}
