using System.Security.Cryptography;

namespace ModelRunner.Testing;

/// <summary>Builds the stores of other tools in a folder, from their documented layouts.</summary>
internal static class ForeignStores
{
    /// <summary>The commit of snapshots if a test names none.</summary>
    public const string Commit = "0123456789abcdef0123456789abcdef01234567";

    /// <summary>Adds a file to the cache of Hugging Face as its library does: a blob with the digest as its name, and a relative link.</summary>
    public static string AddToHuggingFace(this TemporaryFolder folder, string repository, string file, byte[] content, string commit = Commit)
    {
        string cache = $"hub/models--{repository.Replace("/", "--", StringComparison.Ordinal)}";
        string hex = HexOf(content);
        folder.Write($"{cache}/blobs/{hex}", content);
        string link = folder.PathOf($"{cache}/snapshots/{commit}/{file}");
        Directory.CreateDirectory(Path.GetDirectoryName(link)!);
        string up = string.Concat(Enumerable.Repeat("../", file.Count(static letter => letter == '/') + 2));
        File.CreateSymbolicLink(link, $"{up}blobs/{hex}");
        return link;
    }

    /// <summary>Sets the commit of the branch <c>main</c>.</summary>
    public static void SetMain(this TemporaryFolder folder, string repository, string commit) =>
        folder.Write($"hub/models--{repository.Replace("/", "--", StringComparison.Ordinal)}/refs/main", commit);

    /// <summary>Adds a model to Ollama's store: its layers as blobs, and the manifest.</summary>
    /// <param name="folder">The folder.</param>
    /// <param name="name">The path of the manifest: host, namespace, model and tag.</param>
    /// <param name="layers">The ends of the media types and the contents.</param>
    /// <param name="config">The configuration.</param>
    public static void AddToOllama(
        this TemporaryFolder folder, string name, (string Kind, byte[] Content)[] layers, string config = """{"model_format":"gguf"}""")
    {
        byte[] text = System.Text.Encoding.UTF8.GetBytes(config);
        folder.Write($"ollama/blobs/sha256-{HexOf(text)}", text);
        foreach ((_, byte[] content) in layers)
            folder.Write($"ollama/blobs/sha256-{HexOf(content)}", content);

        IEnumerable<string> shown = layers.Select(static layer =>
            $$"""{"mediaType":"application/vnd.ollama.image.{{layer.Kind}}","digest":"sha256:{{HexOf(layer.Content)}}","size":{{layer.Content.Length}}}""");
        folder.Write(
            $"ollama/manifests/{name}",
            $$"""
              {"schemaVersion":2,"mediaType":"application/vnd.docker.distribution.manifest.v2+json",
               "config":{"mediaType":"application/vnd.docker.container.image.v1+json","digest":"sha256:{{HexOf(text)}}","size":{{text.Length}}},
               "layers":[{{string.Join(',', shown)}}]}
              """);
    }

    /// <summary>The name of a blob.</summary>
    public static string HexOf(byte[] content) => Convert.ToHexStringLower(SHA256.HashData(content));
}
