using System.Diagnostics;
using System.Globalization;
using System.Text;
using ModelRunner.Testing.Registries;

namespace ModelRunner.Daemon.Tests.Checks;

/// <summary>A model in several parts, and when a registry began and ended to send them.</summary>
internal sealed class PacedModel
{
    private const int Parts = 2;
    private const int PartLength = 400_000;

    private readonly TaskCompletionSource<long> _begun = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource<long> _sent = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private int _left = Parts;

    public PacedModel(int number)
    {
        Number = number;
        Layers = [.. Enumerable.Range(0, Parts).Select(part => MakeWeights((number * Parts) + part))];
        Config = Encoding.UTF8.GetBytes(string.Create(CultureInfo.InvariantCulture, $$$"""{"config":{"format":"gguf","size":"{{{number}}} B"}}"""));
        string layers = string.Join(',', Layers.Select(static layer => Describe("application/vnd.docker.ai.gguf.v3", layer)));
        Manifest = Encoding.UTF8.GetBytes(
            $$"""{"schemaVersion":2,"mediaType":"{{RegistryModel.MediaType}}","config":{{Describe("application/vnd.docker.ai.model.config.v0.1+json", Config)}},"layers":[{{layers}}]}""");
    }

    public int Number { get; }

    public IReadOnlyList<byte[]> Layers { get; }

    public byte[] Config { get; }

    public byte[] Manifest { get; }

    /// <summary>The timestamp of the first byte of the parts.</summary>
    public Task<long> Begun => _begun.Task;

    /// <summary>The timestamp of the last byte of the parts.</summary>
    public Task<long> Sent => _sent.Task;

    /// <summary>Notes that a part begins to be sent.</summary>
    public void Begin() => _begun.TrySetResult(Stopwatch.GetTimestamp());

    /// <summary>Notes that a part was sent to its end.</summary>
    public void End()
    {
        if (Interlocked.Decrement(ref _left) == 0)
            _sent.TrySetResult(Stopwatch.GetTimestamp());
    }

    private static byte[] MakeWeights(int seed)
    {
        byte[] bytes = new byte[PartLength];
        new Random(seed).NextBytes(bytes);
        "GGUF"u8.CopyTo(bytes);
        return bytes;
    }

    private static string Describe(string type, byte[] bytes) => string.Create(
        CultureInfo.InvariantCulture, $$"""{"mediaType":"{{type}}","digest":"{{RegistryProcess.DigestOf(bytes)}}","size":{{bytes.Length}}}""");
}
