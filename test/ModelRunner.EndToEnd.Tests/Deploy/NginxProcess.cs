using System.Diagnostics;
using System.Net.Sockets;
using ModelRunner.Testing;

namespace ModelRunner.EndToEnd.Tests.Deploy;

/// <summary>A real nginx that listens on the socket <c>nginx.sock</c> of its folder.</summary>
internal sealed class NginxProcess : IAsyncDisposable
{
    private readonly Process _process;

    private NginxProcess(Process process, string socketPath)
    {
        _process = process;
        Client = new HttpClient(new SocketsHttpHandler
        {
            ConnectCallback = async (_, cancellation) =>
            {
                var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
                await socket.ConnectAsync(new UnixDomainSocketEndPoint(socketPath), cancellation);
                return new NetworkStream(socket, ownsSocket: true);
            },
        })
        { BaseAddress = new Uri("http://localhost/") };
    }

    public HttpClient Client { get; }

    /// <summary>Starts it and returns after it listens.</summary>
    public static async Task<NginxProcess> StartAsync(string program, string folder, string configuration)
    {
        var start = new ProcessStartInfo(program, ["-e", "stderr", "-p", folder, "-c", configuration, "-g", User()])
        {
            RedirectStandardError = true, UseShellExecute = false, WorkingDirectory = folder,
        };
        Process process = Process.Start(start)!;
        string socket = Path.Join(folder, "nginx.sock");
        try
        {
            await DaemonFixture.WaitUntilAsync(
                async () =>
                {
                    if (process.HasExited)
                        Assert.Fail($"nginx ended: {await process.StandardError.ReadToEndAsync()}");
                    return File.Exists(socket);
                },
                DaemonFixture.Patience);
        }
        catch
        {
            process.Kill(entireProcessTree: true);
            throw;
        }

        return new NginxProcess(process, socket);
    }

    public async ValueTask DisposeAsync()
    {
        Client.Dispose();
        await DaemonFixture.SignalAsync(_process.Id, "TERM");
        await _process.WaitForExitAsync(CancellationToken.None).WaitAsync(DaemonFixture.Patience);
        _process.Dispose();
    }

    // Started by root, nginx would read the socket as another user, who may not open it.
    private static string User() => Environment.UserName == "root" ? "user root;" : "";
}
