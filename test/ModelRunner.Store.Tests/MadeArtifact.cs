using System.Text;
using ModelRunner.Store.Artifacts;
using ModelRunner.Store.Names;

namespace ModelRunner.Store.Tests;

/// <summary>An artifact that a test made: a manifest and the bytes of its files.</summary>
internal sealed class MadeArtifact
{
    private readonly Dictionary<Digest, byte[]> _files = [];

    private MadeArtifact(byte[] manifest) => Manifest = manifest;

    public byte[] Manifest { get; private set; }

    public Digest Id => ContentHash.Of(Manifest);

    public IReadOnlyDictionary<Digest, byte[]> Files => _files;

    public ArtifactManifest Read() => ManifestReader.TryRead(Manifest, out _)!;

    /// <summary>An artifact in Docker's first format with GGUF layers.</summary>
    public static MadeArtifact Of(params byte[][] weights) => Of([.. weights.Select(static bytes => (MediaTypes.Gguf, bytes))]);

    /// <summary>An artifact in Docker's first format with layers of any type.</summary>
    public static MadeArtifact Of(params (string Type, byte[] Bytes)[] layers)
    {
        var made = new MadeArtifact([]);
        byte[] config = Encoding.UTF8.GetBytes($$$"""{"config":{"format":"gguf","quantization":"Q4_0","size":"{{{layers.Sum(static layer => layer.Bytes.Length)}}}B"}}""");
        string list = string.Join(',', layers.Select(layer => made.Add(layer.Type, layer.Bytes)));
        made.Manifest = Encoding.UTF8.GetBytes(
            $$"""{"schemaVersion":2,"mediaType":"{{MediaTypes.OciManifest}}","config":{{made.Add(MediaTypes.ConfigV1, config)}},"layers":[{{list}}]}""");
        return made;
    }

    /// <summary>Weights that begin as a GGUF file does, and are the same for the same seed.</summary>
    public static byte[] MakeWeights(int length, int seed = 1)
    {
        byte[] bytes = new byte[length];
        new Random(seed).NextBytes(bytes);
        "GGUF"u8.CopyTo(bytes);
        return bytes;
    }

    private string Add(string type, byte[] bytes)
    {
        Digest digest = ContentHash.Of(bytes);
        _files[digest] = bytes;
        return $$"""{"mediaType":"{{type}}","digest":"{{digest}}","size":{{bytes.Length}}}""";
    }
}
