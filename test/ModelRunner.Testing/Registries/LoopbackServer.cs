using System.Net;
using System.Security.Cryptography.X509Certificates;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.Logging;

namespace ModelRunner.Testing.Registries;

/// <summary>A web server of a test, in this process, on a loopback port of its own choice.</summary>
internal sealed class LoopbackServer : IAsyncDisposable
{
    private readonly WebApplication _application;

    private LoopbackServer(WebApplication application, string scheme)
    {
        _application = application;
        Address = new Uri($"{scheme}://127.0.0.1:{new Uri(application.Urls.Single()).Port}/");
    }

    /// <summary>Its address with the slash at the end.</summary>
    public Uri Address { get; }

    /// <summary>Starts it.</summary>
    /// <param name="answer">Answers every request.</param>
    /// <param name="certificate">Its certificate; null: it speaks plain http.</param>
    public static async Task<LoopbackServer> StartAsync(RequestDelegate answer, X509Certificate2? certificate = null)
    {
        WebApplicationBuilder builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.Logging.ClearProviders();
        builder.WebHost.UseKestrelCore().ConfigureKestrel(options =>
        {
            options.Limits.MaxRequestBodySize = null;
            options.Limits.MinResponseDataRate = null;
            options.Limits.MinRequestBodyDataRate = null;
            options.AddServerHeader = false;
            options.Listen(IPAddress.Loopback, 0, listen =>
            {
                listen.Protocols = HttpProtocols.Http1;
                if (certificate is not null)
                    listen.UseHttps(certificate);
            });
        });
        if (certificate is not null)
            builder.WebHost.UseKestrelHttpsConfiguration();
        WebApplication application = builder.Build();
        application.Run(answer);
        await application.StartAsync();
        return new LoopbackServer(application, certificate is null ? "http" : "https");
    }

    public async ValueTask DisposeAsync()
    {
        // Clients of a test may keep connections open; nothing waits for them.
        using var now = new CancellationTokenSource();
        await now.CancelAsync();
        try
        {
            await _application.StopAsync(now.Token);
        }
        catch (OperationCanceledException)
        {
        }

        await _application.DisposeAsync();
    }
}
