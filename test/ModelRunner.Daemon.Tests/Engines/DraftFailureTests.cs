using System.Text;
using System.Text.Json;
using ModelRunner.Daemon.Engines.Llama;
using ModelRunner.Scheduling;
using ModelRunner.Testing;

namespace ModelRunner.Daemon.Tests.Engines;

/// <summary>A draft model that llama-server cannot load. The logs are those of 0.7.0.</summary>
public sealed class DraftFailureTests : IDisposable
{
    private const string Chat = """{"model":"tiny-chat","messages":[{"role":"user","content":"hello"}],"max_tokens":4}""";
    private const string Begin = "0.00.009.009 I common_speculative_init_result: loading draft model '/m/small.gguf'";
    private const string Measured = "0.00.007.769 W operator(): failed to measure the memory of the extra model, fitting without it: failed to load model";

    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData("blk.0.attn_q.weight", "blk.0.attn_Z.weight", "the draft model's file does not hold what its architecture needs", "model_invalid")]
    [InlineData("tokenizer.ggml.model", "tokenizer.ggml.modeX", "the draft model could not be loaded", "model_invalid")]
    [InlineData("layer_norm_rms_epsilon", null, "an assertion in it failed", "crashed")]
    public async Task The_error_names_the_draft_model_and_not_the_model(string part, string? other, string explanation, string reason)
    {
        string path = _folder.Write("models/small.gguf", Damage(part, other));
        await using DaemonFixture daemon = await DaemonFixture.StartAsync(new DaemonSetup
        {
            Folder = _folder, Configuration = """{ "models": { "tiny-chat": { "draft": { "model": "small" } } } }""",
            Environment = new Dictionary<string, string?>(StringComparer.Ordinal) { ["LLAMA_SERVER_PATH"] = RealLlamaServer.Require() },
        });

        (int status, JsonElement answer) = await daemon.PostAsync("v1/chat/completions", Chat);

        JsonElement error = answer.GetProperty("error");
        string message = error.GetProperty("message").GetString()!;
        Assert.Equal((502, reason), (status, error.GetProperty("reason").GetString()));
        Assert.Contains(explanation, message, StringComparison.Ordinal);
        Assert.Matches("the draft model (is )?small:latest", message);
        Assert.Contains("another draft model or none", message, StringComparison.Ordinal);
        Assert.DoesNotContain("the model's file", message, StringComparison.Ordinal);

        // The model itself is whole. Without the draft model, or with a whole file of it, it is loaded.
        await daemon.CommandAsync("configure", "tiny-chat", "--speculative-draft-model", "");
        Assert.Equal(200, (await daemon.PostAsync("v1/chat/completions", Chat)).Status);
        await File.WriteAllBytesAsync(path, Whole(), TestContext.Current.CancellationToken);
        await daemon.CommandAsync("configure", "tiny-chat", "--reset");
        await DaemonFixture.WaitUntilAsync(
            async () => (await daemon.PostAsync("v1/chat/completions", Chat)).Body.TryGetProperty("timings", out JsonElement timings)
                && timings.TryGetProperty("draft_n", out _), DaemonFixture.Patience);
    }

    [Fact]
    public void A_damaged_model_is_not_called_its_draft_model()
    {
        // It measures the draft model, which fails too, and then stops at the model.
        string[] lines =
        [
            "0.00.007.000 E llama_model_load: error loading model: check_tensor_dims: tensor 'x' not found", Measured,
            "0.00.008.000 E llama_model_load: error loading model: unknown model architecture: 'llomo'",
            "0.00.008.100 E srv    load_model: failed to load model, '/m/a.gguf'",
        ];

        IReadOnlyList<string> own = DraftFailure.WithoutMeasurement(lines);

        Assert.Equal(lines[2..], own);
        Assert.False(DraftFailure.IsIn(own));
    }

    [Fact]
    public void The_step_decides()
    {
        Assert.True(DraftFailure.IsIn([Begin]));
        Assert.True(DraftFailure.IsIn([Begin, "/ggml-cpu/ops.cpp:4203: GGML_ASSERT(eps >= 0.0f) failed"]));
        Assert.True(DraftFailure.IsIn(["0.00.009.016 E srv    load_model: failed to load draft model, '/m/small.gguf'"]));
        Assert.False(DraftFailure.IsIn([]));
        Assert.False(DraftFailure.IsIn(["0.00.001.000 I srv    load_model: loading model '/m/a.gguf'"]));
        Assert.False(DraftFailure.IsIn([Begin, "0.00.013.470 I srv    load_model: initializing, n_slots = 1, n_ctx_slot = 256, kv_unified = 'false'", "GGML_ASSERT(x) failed"]));
    }

    [Fact]
    public void Memory_that_is_short_is_no_damage() => Assert.Equal(
        "llama-server ended with exit code 1: there is not enough memory (x); it was loading the draft model small:latest",
        DraftFailure.Attribute(new RunnerFailure(StopReason.OutOfMemory, "llama-server ended with exit code 1: there is not enough memory (x)"), "small:latest").Message);

    private static byte[] Whole() => File.ReadAllBytes(Path.Join(Repository.Root, "models", "tiny-chat.gguf"));

    // Without another text, the number that follows becomes one that no computation accepts.
    private static byte[] Damage(string part, string? other)
    {
        byte[] file = Whole();
        int start = file.AsSpan().IndexOf(Encoding.ASCII.GetBytes(part));
        Assert.True(start > 0);
        if (other is not null)
            Encoding.ASCII.GetBytes(other).CopyTo(file, start);
        else
            file.AsSpan(start + part.Length + sizeof(int), sizeof(float)).Fill(0xFF);
        return file;
    }
}
