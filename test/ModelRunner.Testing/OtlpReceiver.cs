using System.Collections.Concurrent;
using System.Diagnostics;
using System.Text.Json;

namespace ModelRunner.Testing;

/// <summary>
/// A receiver of OpenTelemetry's protocol in a process of its own, which decodes what it gets with OpenTelemetry's own definitions.
/// </summary>
internal sealed class OtlpReceiver : IAsyncDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private readonly Process _process;
    private readonly ConcurrentQueue<JsonElement> _lines = new();
    private readonly HttpClient _client = new();

    private OtlpReceiver(Process process) => _process = process;

    /// <summary>Its address, for <c>OTEL_EXPORTER_OTLP_ENDPOINT</c>.</summary>
    public string Address { get; private set; } = "";

    /// <summary>The spans so far.</summary>
    public IReadOnlyList<JsonElement> Spans => Of("span");

    /// <summary>The points of metrics so far.</summary>
    public IReadOnlyList<JsonElement> Points => Of("point");

    /// <summary>The requests so far, with their headers.</summary>
    public IReadOnlyList<JsonElement> Requests => Of("request");

    /// <summary>Starts it. Skips the test where the definitions are missing.</summary>
    /// <param name="answer">The status of its responses; <c>hang</c>: it sends none.</param>
    public static async Task<OtlpReceiver> StartAsync(string answer = "200")
    {
        string? modules = Environment.GetEnvironmentVariable("OTLP_PROTO_PATH");
        Prerequisite.Require(Directory.Exists(modules), "OTLP_PROTO_PATH names no folder; eng/test.sh fetches OpenTelemetry's definitions and sets it.");
        string script = Path.Join(Repository.Root, "test", "ModelRunner.Testing", "otlp_receiver.py");
        string python = File.Exists("/usr/bin/python3") ? "/usr/bin/python3" : "python3";
        var start = new ProcessStartInfo(python, [script, answer]) { RedirectStandardInput = true, RedirectStandardOutput = true, UseShellExecute = false };
        start.Environment["PYTHONPATH"] = modules;

        // The compiled part of the module fits one version of Python only.
        start.Environment["PROTOCOL_BUFFERS_PYTHON_IMPLEMENTATION"] = "python";
        start.Environment["PYTHONDONTWRITEBYTECODE"] = "1";
        var receiver = new OtlpReceiver(Process.Start(start)!);
        string line = await receiver._process.StandardOutput.ReadLineAsync().WaitAsync(Patience) ?? throw new InvalidOperationException("The receiver ended.");
        using (var first = JsonDocument.Parse(line))
            receiver.Address = $"http://127.0.0.1:{first.RootElement.GetProperty("port").GetInt32()}";
        _ = receiver.ReadAsync();
        return receiver;
    }

    /// <summary>Changes the status of its responses.</summary>
    public async Task AnswerAsync(string status)
    {
        using HttpResponseMessage response = await _client.PostAsync(new Uri($"{Address}/answer/{status}"), new ByteArrayContent([]));
        response.EnsureSuccessStatusCode();
    }

    /// <summary>Waits until a condition holds. What was received is checked for fields that the definitions do not have.</summary>
    public async Task WaitUntilAsync(Func<bool> condition)
    {
        await DaemonFixture.WaitUntilAsync(() => Task.FromResult(condition()), Patience);
        Assert.Empty(Of("error"));
    }

    public async ValueTask DisposeAsync()
    {
        _client.Dispose();
        if (!_process.HasExited)
            _process.Kill(entireProcessTree: true);
        await _process.WaitForExitAsync();
        _process.Dispose();
    }

    private JsonElement[] Of(string kind) => [.. _lines.Where(line => line.GetProperty("kind").GetString() == kind)];

    private async Task ReadAsync()
    {
        while (await _process.StandardOutput.ReadLineAsync() is { } line)
        {
            using var document = JsonDocument.Parse(line);
            _lines.Enqueue(document.RootElement.Clone());
        }
    }
}
