using System.Text;
using System.Text.Json;
using ModelRunner.Configuration;
using ModelRunner.Daemon.Runners;
using ModelRunner.Scheduling;
using ModelRunner.Testing;

namespace ModelRunner.Daemon.Tests.Engines;

/// <summary>What holds for both engines, tried with the real ones.</summary>
public abstract class EngineTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    private protected static string ModelPath => Path.Join(Repository.Root, "models", "tiny-chat.gguf");

    public void Dispose()
    {
        _folder.Dispose();
        GC.SuppressFinalize(this);
    }

    /// <summary>Settings that choose the engine; null: it is not there, and the test is skipped.</summary>
    private protected abstract RunnerSettings? Engine { get; }

    [Fact]
    public async Task It_becomes_ready_and_stops_in_a_moment()
    {
        using LaunchBed bed = CreateBed();
        IManagedRunner runner = bed.StartFile(ModelPath);

        Assert.Null(await runner.Ready.WaitAsync(LaunchBed.Limit));
        await runner.StopAsync(StopReason.Unloaded).WaitAsync(LaunchBed.Limit);

        Assert.Null(await runner.Exited);
        Assert.Empty(bed.Sockets);
    }

    [Fact]
    public async Task A_missing_file_is_named()
    {
        using LaunchBed bed = CreateBed();

        RunnerFailure? failure = await bed.StartFile(_folder.PathOf("missing.gguf")).Ready.WaitAsync(LaunchBed.Limit);

        Assert.Equal(StopReason.ModelMissing, failure?.Reason);
        Assert.Contains("missing.gguf", failure?.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_truncated_file_is_called_so()
    {
        using LaunchBed bed = CreateBed();
        byte[] model = await File.ReadAllBytesAsync(ModelPath);
        await File.WriteAllBytesAsync(_folder.PathOf("cut.gguf"), model[..(model.Length / 2)]);

        RunnerFailure? failure = await bed.StartFile(_folder.PathOf("cut.gguf")).Ready.WaitAsync(LaunchBed.Limit);

        Assert.Equal((StopReason.ModelInvalid, CrashClass.BadModel), (failure?.Reason, failure?.Class));
        Assert.Contains("cut short", failure?.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_file_that_is_no_model_is_called_so()
    {
        using LaunchBed bed = CreateBed();
        await File.WriteAllTextAsync(_folder.PathOf("text.gguf"), "this is no model");

        RunnerFailure? failure = await bed.StartFile(_folder.PathOf("text.gguf")).Ready.WaitAsync(LaunchBed.Limit);

        Assert.Equal(StopReason.ModelInvalid, failure?.Reason);
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
        await File.WriteAllBytesAsync(_folder.PathOf("odd.gguf"), model);

        RunnerFailure? failure = await bed.StartFile(_folder.PathOf("odd.gguf")).Ready.WaitAsync(LaunchBed.Limit);

        Assert.Equal((StopReason.ModelUnsupported, CrashClass.EngineTooOld), (failure?.Reason, failure?.Class));
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
        await runner.StopAsync(StopReason.Unloaded).WaitAsync(LaunchBed.Limit);

        Assert.False(ProcessTable.IsAlive(runner.ProcessId!.Value));
    }

    [Fact]
    public async Task It_starts_for_embeddings()
    {
        using LaunchBed bed = CreateBed();
        IManagedRunner runner = bed.StartFile(Path.Join(Repository.Root, "models", "tiny-embed.gguf"), RunnerMode.Embedding);

        Assert.Null(await runner.Ready.WaitAsync(LaunchBed.Limit));
        await runner.StopAsync(StopReason.Unloaded).WaitAsync(LaunchBed.Limit);
    }

    [Theory]
    [InlineData("a,b", "a%2Cb:latest")]
    [InlineData("it's a \"model\"", null)]
    [InlineData("-m --x=y", null)]
    [InlineData("größe; 模型", null)]
    [InlineData("two\nlines\tand \\ more", "two lines:latest")]
    public async Task A_file_of_any_name_starts_and_answers_under_its_reference(string name, string? shown)
    {
        using LaunchBed bed = CreateBed();
        string path = _folder.PathOf(name + ".gguf");
        File.Copy(ModelPath, path);

        // A reference has one line; such a file has the name that the configuration gives it.
        string reference = name.Contains('\n', StringComparison.Ordinal) ? "two lines:latest" : $"{name}:latest";
        IManagedRunner runner = bed.StartFile(path, reference: reference);

        Assert.Null(await runner.Ready.WaitAsync(LaunchBed.Limit));
        using JsonDocument answer = await PostAsync(runner, "v1/completions", """{"model":"x","prompt":"one","max_tokens":1}""");
        Assert.Equal(shown ?? reference, answer.RootElement.GetProperty("model").GetString());
        await runner.StopAsync(StopReason.Unloaded).WaitAsync(LaunchBed.Limit);
    }

    private protected static async Task<JsonDocument> PostAsync(IManagedRunner runner, string path, string json)
    {
        using var content = new StringContent(json, Encoding.UTF8, "application/json");
        using var request = new HttpRequestMessage(HttpMethod.Post, new Uri(runner.Endpoint.BaseAddress, path)) { Content = content };
        using HttpResponseMessage response = await runner.Endpoint.Client.SendAsync(request, CancellationToken.None).WaitAsync(LaunchBed.Limit);
        string text = await response.Content.ReadAsStringAsync();
        Assert.True(response.IsSuccessStatusCode, text);
        return JsonDocument.Parse(text);
    }

    private protected LaunchBed CreateBed(TimeSpan? grace = null)
    {
        RunnerSettings engine = Prerequisite.Require(Engine, "This engine is not here: set LLAMA_SERVER_PATH to try it with llama-server.");
        return new LaunchBed(engine with { StopGrace = grace ?? TimeSpan.FromSeconds(5) });
    }
}
