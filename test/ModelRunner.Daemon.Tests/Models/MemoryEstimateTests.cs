using ModelRunner.Daemon.Models;
using ModelRunner.Daemon.Tests.Gguf;
using ModelRunner.Gguf;
using ModelRunner.Scheduling;
using ModelRunner.Testing;

namespace ModelRunner.Daemon.Tests.Models;

/// <summary>The estimate, compared with the buffers that the real llama-server allocates for the same file and arguments.</summary>
public sealed class MemoryEstimateTests : IDisposable
{
    // llama-server writes hundredths of a MiB, for up to three buffers.
    private const double RoundingBytes = 3 * 0.005 * (1 << 20);

    private readonly TemporaryFolder _folder = new();

    public static TheoryData<string, string> Shapes()
    {
        var shapes = new TheoryData<string, string>();
        foreach (string name in ShapeModels.Names)
            shapes.Add(name, "");
        shapes.Add("llama", "--cache-type-k q8_0 --cache-type-v q4_0");
        shapes.Add("llama", "--kv-unified --ubatch-size 128");
        shapes.Add("llama", "--flash-attn off");
        shapes.Add("gemma3", "--kv-unified");
        shapes.Add("gemma3", "--swa-full");
        shapes.Add("gemma3", "--batch-size 256");
        shapes.Add("llama", "--pooling mean");
        return shapes;
    }

    [Theory]
    [MemberData(nameof(Shapes))]
    public async Task It_agrees_with_the_buffers_of_llama_server(string architecture, string written)
    {
        const int Slots = 4;
        string[] added = written.Split(' ', StringSplitOptions.RemoveEmptyEntries);
        byte[] file = ShapeModels.Build(architecture);
        string path = _folder.PathOf("model.gguf");
        await File.WriteAllBytesAsync(path, file, TestContext.Current.CancellationToken);
        (RunnerMode mode, int context, string[] vectors) = architecture == "bert"
            ? (RunnerMode.Embedding, 2048, VectorArguments(2048))
            : written.Contains("--pooling", StringComparison.Ordinal) ? (RunnerMode.Embedding, 4000, VectorArguments(4000))
            : (RunnerMode.Completion, 4000, []);

        MemoryEstimate estimate = MemoryEstimate.Of(
            GgufHeaderReader.Read(path).Header!, file.Length, RunnerShape.Read(added, isLlamaServer: true, context, Slots) with { Mode = mode });
        LlamaMemory memory = await LlamaMemory.MeasureAsync(
            path, _folder.PathOf("llama.sock"), ["--parallel", $"{Slots}", "--ctx-size", $"{context * Slots}", .. vectors, .. added]);

        TestContext.Current.TestOutputHelper?.WriteLine($"{estimate} {memory}");
        Assert.InRange(estimate.Cache, memory.Cache - RoundingBytes, memory.Cache + RoundingBytes);
        Assert.InRange(estimate.Compute, memory.Compute * 0.98, (memory.Compute * 1.2) + (1 << 20));
        Assert.InRange(estimate.Cache + estimate.Process, memory.Held, memory.Held + (32 << 20));
    }

    // What LlamaCommandLine adds for a runner that makes vectors.
    private static string[] VectorArguments(int batch) => ["--embeddings", "--batch-size", $"{batch}", "--ubatch-size", $"{batch}"];

    public void Dispose() => _folder.Dispose();
}
