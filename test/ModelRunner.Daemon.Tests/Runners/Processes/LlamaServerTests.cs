using System.Text;
using ModelRunner.Daemon.Configuration;
using ModelRunner.Daemon.Runners;
using ModelRunner.Scheduling;

namespace ModelRunner.Daemon.Tests.Runners.Processes;

/// <summary>The same rules with the real llama-server, where <c>LLAMA_SERVER_PATH</c> names one.</summary>
public sealed class LlamaServerTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    private static string ModelPath => Path.Join(RepositoryFolder(), "models", "tiny-chat.gguf");

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task It_becomes_ready_and_stops_in_a_moment()
    {
        using LaunchBed bed = CreateBed();
        IManagedRunner runner = bed.StartFile(ModelPath);

        Assert.Null(await runner.Ready.WaitAsync(LaunchBed.Limit));
        await runner.StopAsync().WaitAsync(LaunchBed.Limit);

        Assert.Null(await runner.Exited);
        Assert.Empty(bed.Sockets);
    }

    [Fact]
    public async Task A_missing_file_is_named()
    {
        using LaunchBed bed = CreateBed();

        RunnerFailure? failure = await bed.StartFile(_folder.File("missing.gguf")).Ready.WaitAsync(LaunchBed.Limit);

        Assert.Equal(RunnerFailureReason.ModelMissing, failure?.Reason);
        Assert.Contains("missing.gguf", failure?.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_truncated_file_is_called_so()
    {
        using LaunchBed bed = CreateBed();
        byte[] model = await File.ReadAllBytesAsync(ModelPath);
        await File.WriteAllBytesAsync(_folder.File("cut.gguf"), model[..(model.Length / 2)]);

        RunnerFailure? failure = await bed.StartFile(_folder.File("cut.gguf")).Ready.WaitAsync(LaunchBed.Limit);

        Assert.Equal(RunnerFailureReason.ModelInvalid, failure?.Reason);
        Assert.Contains("cut short", failure?.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_file_that_is_no_model_is_called_so()
    {
        using LaunchBed bed = CreateBed();
        await File.WriteAllTextAsync(_folder.File("text.gguf"), "this is no model");

        RunnerFailure? failure = await bed.StartFile(_folder.File("text.gguf")).Ready.WaitAsync(LaunchBed.Limit);

        Assert.Equal(RunnerFailureReason.ModelInvalid, failure?.Reason);
        Assert.Contains("no GGUF", failure?.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_unknown_architecture_is_named()
    {
        using LaunchBed bed = CreateBed();
        byte[] model = await File.ReadAllBytesAsync(ModelPath);
        int key = model.AsSpan().IndexOf("general.architecture"u8);
        int name = key + model.AsSpan(key).IndexOf("llama"u8);
        Encoding.ASCII.GetBytes("llomo").CopyTo(model, name);
        await File.WriteAllBytesAsync(_folder.File("odd.gguf"), model);

        RunnerFailure? failure = await bed.StartFile(_folder.File("odd.gguf")).Ready.WaitAsync(LaunchBed.Limit);

        Assert.Equal(RunnerFailureReason.ModelUnsupported, failure?.Reason);
        Assert.Contains("llomo", failure?.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_request_under_way_does_not_keep_it_from_ending()
    {
        using LaunchBed bed = CreateBed(TimeSpan.FromMilliseconds(500));
        IManagedRunner runner = bed.StartFile(ModelPath);
        Assert.Null(await runner.Ready.WaitAsync(LaunchBed.Limit));
        using var request = new HttpRequestMessage(HttpMethod.Post, new Uri(runner.Endpoint.BaseAddress, "v1/completions"))
        {
            Content = new StringContent("""{"prompt":"Count to 20","stream":true,"ignore_eos":true,"max_tokens":100000}""", Encoding.UTF8, "application/json"),
        };
        using HttpResponseMessage response = await runner.Endpoint.Client.SendAsync(request, CancellationToken.None).WaitAsync(LaunchBed.Limit);
        Assert.True(response.IsSuccessStatusCode);

        // The client is not cut, which is what the grace time is for.
        await runner.StopAsync().WaitAsync(TimeSpan.FromSeconds(10));

        Assert.False(ProcessTable.IsAlive(runner.ProcessId!.Value));
    }

    [Fact]
    public async Task It_starts_for_embeddings()
    {
        using LaunchBed bed = CreateBed();
        IManagedRunner runner = bed.StartFile(Path.Join(RepositoryFolder(), "models", "tiny-embed.gguf"), RunnerMode.Embedding);

        Assert.Null(await runner.Ready.WaitAsync(LaunchBed.Limit));
        await runner.StopAsync().WaitAsync(LaunchBed.Limit);
    }

    private static LaunchBed CreateBed(TimeSpan? grace = null)
    {
        string? path = Environment.GetEnvironmentVariable("LLAMA_SERVER_PATH");
        Assert.SkipUnless(path is not null, "LLAMA_SERVER_PATH names no llama-server.");
        if (Directory.Exists(path))
            path = Path.Join(path, "llama-server");
        return new LaunchBed(new RunnerSettings { LlamaServerPath = path, StopGrace = grace ?? TimeSpan.FromSeconds(5) });
    }

    private static string RepositoryFolder()
    {
        string folder = AppContext.BaseDirectory;
        while (!File.Exists(Path.Join(folder, "model-runner.slnx")))
            folder = Path.GetDirectoryName(folder) ?? throw new InvalidOperationException("The tests do not run inside the repository.");
        return folder;
    }
}
