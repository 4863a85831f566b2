using System.Diagnostics;
using System.Globalization;
using System.Net.Sockets;
using System.Reflection;
using System.Text;
using System.Text.Json;

namespace ModelRunner.Testing;

/// <summary>
/// A stub runner that a test started, listening on a Unix socket of its own. Disposing kills it and removes its folder. What it can be
/// told is in the stub's README.
/// </summary>
internal sealed class StubProcess : IAsyncDisposable
{
    private readonly DirectoryInfo _folder;
    private readonly Process _process;

    private StubProcess(Process process, DirectoryInfo folder, string socketPath)
    {
        (_process, _folder, SocketPath) = (process, folder, socketPath);
        Client = new HttpClient(new SocketsHttpHandler { ConnectCallback = ConnectAsync, AllowAutoRedirect = false })
        {
            BaseAddress = new Uri("http://stub/"),
        };
    }

    /// <summary>The stub's executable, built beside this test's own output.</summary>
    public static string ExecutablePath { get; } = Path.Join(
        AppContext.BaseDirectory.Replace(Assembly.GetEntryAssembly()!.GetName().Name!, "ModelRunner.StubRunner", StringComparison.Ordinal),
        "stub-runner");

    public string SocketPath { get; }

    public int ProcessId => _process.Id;

    public bool HasExited => _process.HasExited;

    /// <summary>Talks to the stub; for use by the test itself, since its requests are recorded like any other.</summary>
    public HttpClient Client { get; }

    /// <summary>
    /// The tokens that any stub has made so far. It blocks, so that no other work of this program comes between the answer and what the test
    /// does next.
    /// </summary>
    public static int GeneratedTokensOf(int process)
    {
        using var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified) { SendTimeout = 30_000, ReceiveTimeout = 30_000 };
        socket.Connect(new UnixDomainSocketEndPoint(ProcessTable.SocketOf(process)));
        socket.Send("GET /stub/state HTTP/1.1\r\nHost: stub\r\n\r\n"u8);
        using var reader = new StreamReader(new NetworkStream(socket));
        int length = 0;
        while (reader.ReadLine() is { Length: > 0 } header)
            if (header.StartsWith("Content-Length: ", StringComparison.Ordinal))
                length = int.Parse(header["Content-Length: ".Length..], CultureInfo.InvariantCulture);
        char[] body = new char[length];
        using var state = JsonDocument.Parse(body.AsMemory(0, reader.ReadBlock(body)));
        return state.RootElement.GetProperty("generatedTokens").GetInt32();
    }

    /// <summary>Starts a stub with metrics on and returns once it listens.</summary>
    /// <param name="faults">Faults from the start, by name.</param>
    /// <param name="arguments">More of llama-server's arguments.</param>
    public static async Task<StubProcess> StartAsync(IReadOnlyDictionary<string, string>? faults = null, params string[] arguments)
    {
        DirectoryInfo folder = Directory.CreateTempSubdirectory("mr-stub-");
        string socketPath = Path.Join(folder.FullName, "stub.sock");
        var start = new ProcessStartInfo(ExecutablePath, ["--host", socketPath, "--metrics", .. arguments]) { RedirectStandardOutput = true, UseShellExecute = false };
        foreach ((string name, string value) in faults ?? new Dictionary<string, string>(StringComparer.Ordinal))
            start.Environment["STUB_" + name.ToUpperInvariant()] = value;

        Process process = Process.Start(start)!;
        string? line = await process.StandardOutput.ReadLineAsync();
        Assert.StartsWith("listening on", line, StringComparison.Ordinal);
        return new StubProcess(process, folder, socketPath);
    }

    /// <summary>Switches faults on and off: <c>{"metrics_status": 500, "metrics_html": null}</c>.</summary>
    public Task SetFaultsAsync(string json) => PostAsync("stub/faults", json);

    /// <summary>Replaces the page that <c>/metrics</c> answers with.</summary>
    public Task SetMetricsAsync(string page) => PostAsync("stub/metrics", page);

    /// <summary>The requests received so far, without those of this class.</summary>
    public Task<IReadOnlyList<JsonElement>> RequestsAsync() => ReadAsync("stub/requests", static answer =>
        (IReadOnlyList<JsonElement>)[.. answer.GetProperty("requests").EnumerateArray()]);

    /// <summary>Everything that the stub knows about itself.</summary>
    public Task<JsonElement> StateAsync() => ReadAsync("stub/state", static answer => answer);

    /// <summary>Sends a signal: 19 stops the process in its tracks, 18 lets it go on, 9 kills it.</summary>
    public async Task SignalAsync(int signal)
    {
        using Process kill = Process.Start("kill", [$"-{signal}", $"{ProcessId}"]);
        await kill.WaitForExitAsync();
        if (signal == 9)
            await _process.WaitForExitAsync();
    }

    public async ValueTask DisposeAsync()
    {
        Client.Dispose();
        _process.Kill(entireProcessTree: true);
        await _process.WaitForExitAsync();
        _process.Dispose();
        _folder.Delete(recursive: true);
    }

    private async Task PostAsync(string path, string body)
    {
        using var content = new StringContent(body, Encoding.UTF8);
        using HttpResponseMessage response = await Client.PostAsync(new Uri(path, UriKind.Relative), content);
        response.EnsureSuccessStatusCode();
    }

    private async Task<T> ReadAsync<T>(string path, Func<JsonElement, T> read)
    {
        using var answer = JsonDocument.Parse(await Client.GetByteArrayAsync(new Uri(path, UriKind.Relative)));
        return read(answer.RootElement.Clone());
    }

    private async ValueTask<Stream> ConnectAsync(SocketsHttpConnectionContext context, CancellationToken cancellationToken)
    {
        var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        await socket.ConnectAsync(new UnixDomainSocketEndPoint(SocketPath), cancellationToken);
        return new NetworkStream(socket, ownsSocket: true);
    }
}
