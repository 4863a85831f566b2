using System.Diagnostics;
using System.Net;
using System.Net.Http.Headers;
using System.Security.Cryptography;
using System.Text;
using System.Text.RegularExpressions;

namespace ModelRunner.Testing.Registries;

/// <summary>
/// A real registry, Debian's <c>docker-registry</c>, on a loopback port of its own choice. Its data is in a temporary folder, which is removed
/// with it.
/// </summary>
internal sealed partial class RegistryProcess : IAsyncDisposable
{
    private static readonly TimeSpan StartPatience = TimeSpan.FromSeconds(60);

    private readonly TemporaryFolder _folder = new();
    private readonly StringBuilder _log = new();
    private readonly RegistrySetup _setup;
    private Process? _process;

    private RegistryProcess(RegistrySetup setup) => _setup = setup;

    /// <summary>Host and port, as in the name of a model.</summary>
    public string Host { get; private set; } = "";

    /// <summary>Its address with the slash at the end.</summary>
    public Uri Address => new($"{(_setup.Tls is null ? "http" : "https")}://{Host}/");

    /// <summary>The folder with its data.</summary>
    public string DataFolder => _folder.PathOf("data");

    /// <summary>What it has logged so far: a line for each request, with its status.</summary>
    public string Log
    {
        get
        {
            lock (_log)
                return _log.ToString();
        }
    }

    /// <summary>Starts it and returns once it listens. Skips the test where the program is missing.</summary>
    public static async Task<RegistryProcess> StartAsync(RegistrySetup? setup = null, CancellationToken cancellation = default)
    {
        string program = ExternalTool.RequireNamedBy("DOCKER_REGISTRY_PATH");
        var registry = new RegistryProcess(setup ?? new RegistrySetup());
        try
        {
            await registry.ListenAsync(program, cancellation);
            return registry;
        }
        catch
        {
            await registry.DisposeAsync();
            throw;
        }
    }

    /// <summary>The digest of some bytes, with its algorithm.</summary>
    public static string DigestOf(byte[] bytes) => "sha256:" + Convert.ToHexStringLower(SHA256.HashData(bytes));

    /// <summary>The file in which it keeps the bytes with a digest. A test can damage it.</summary>
    public string DataFileOf(string digest)
    {
        string hex = digest["sha256:".Length..];
        return Path.Join(DataFolder, "docker/registry/v2/blobs/sha256", hex[..2], hex, "data");
    }

    /// <summary>Stores a file, with the requests that every client sends.</summary>
    /// <returns>Its digest.</returns>
    public async Task<string> PushBlobAsync(string repository, byte[] bytes, CancellationToken cancellation = default)
    {
        string digest = DigestOf(bytes);
        using HttpClient client = MakeClient();
        using HttpResponseMessage begun = await client.PostAsync(new Uri($"v2/{repository}/blobs/uploads/", UriKind.Relative), null, cancellation);
        Assert.Equal(HttpStatusCode.Accepted, begun.StatusCode);
        string location = new Uri(Address, begun.Headers.Location!).AbsoluteUri;
        using var content = new ByteArrayContent(bytes);
        using HttpResponseMessage done = await client.PutAsync(
            new Uri($"{location}{(location.Contains('?') ? '&' : '?')}digest={Uri.EscapeDataString(digest)}"), content, cancellation);
        Assert.Equal(HttpStatusCode.Created, done.StatusCode);
        return digest;
    }

    /// <summary>Stores a manifest under a tag.</summary>
    /// <returns>Its digest.</returns>
    public async Task<string> PushManifestAsync(string repository, string tag, byte[] bytes, string mediaType, CancellationToken cancellation = default)
    {
        using HttpClient client = MakeClient();
        using var content = new ByteArrayContent(bytes) { Headers = { ContentType = new MediaTypeHeaderValue(mediaType) } };
        using HttpResponseMessage response = await client.PutAsync(new Uri($"v2/{repository}/manifests/{tag}", UriKind.Relative), content, cancellation);
        Assert.True(response.StatusCode == HttpStatusCode.Created, await response.Content.ReadAsStringAsync(cancellation));
        return DigestOf(bytes);
    }

    /// <summary>A client that trusts it, and that logs in where the setup has a user.</summary>
    public HttpClient MakeClient()
    {
        var client = new HttpClient(_setup.Tls is { } tls ? TestCertificates.Trusting(tls.AuthorityPath) : new SocketsHttpHandler()) { BaseAddress = Address };
        if (_setup.User is { } user)
            client.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue(
                "Basic", Convert.ToBase64String(Encoding.UTF8.GetBytes($"{user.Name}:{user.Password}")));
        if (_setup.Tokens is { } tokens)
            client.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", tokens.MakeMasterToken());
        return client;
    }

    public async ValueTask DisposeAsync()
    {
        // A test may end it before its own end.
        Process? process = Interlocked.Exchange(ref _process, null);
        if (process is { HasExited: false })
            process.Kill(entireProcessTree: true);
        if (process is not null)
            await process.WaitForExitAsync(CancellationToken.None);
        process?.Dispose();
        _folder.Dispose();
    }

    private async Task ListenAsync(string program, CancellationToken cancellation)
    {
        string configuration = _folder.Write("registry.yml", _setup.Render(_folder, DataFolder));
        var start = new ProcessStartInfo(program, ["serve", configuration]) { RedirectStandardError = true, RedirectStandardOutput = true, UseShellExecute = false };

        // It sends its own requests through a proxy of the environment otherwise.
        foreach (string name in (string[])["HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "https_proxy"])
            start.Environment.Remove(name);
        _process = Process.Start(start) ?? throw new InvalidOperationException("docker-registry did not start.");
        var listening = new TaskCompletionSource<string>(TaskCreationOptions.RunContinuationsAsynchronously);
        _ = ReadAsync(_process.StandardError, listening);
        _ = ReadAsync(_process.StandardOutput, null);
        try
        {
            Host = (await listening.Task.WaitAsync(StartPatience, cancellation)).Replace("127.0.0.1", _setup.HostName, StringComparison.Ordinal);
        }
        catch (TimeoutException)
        {
            Assert.Fail($"docker-registry did not say within {StartPatience} where it listens:\n{Log}");
        }
    }

    private async Task ReadAsync(StreamReader reader, TaskCompletionSource<string>? listening)
    {
        while (await reader.ReadLineAsync() is { } line)
        {
            lock (_log)
                _log.Append(line).Append('\n');
            if (ListeningLine().Match(line) is { Success: true } match)
                listening?.TrySetResult(match.Groups["address"].Value);
        }

        listening?.TrySetException(new InvalidOperationException($"docker-registry ended before it listened:\n{Log}"));
    }

    [GeneratedRegex(@"listening on (?<address>[0-9.]+:[0-9]+)", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex ListeningLine();
}
