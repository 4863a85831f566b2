using System.Security.Cryptography;
using System.Text;

namespace ModelRunner.PullBenchmark;

/// <summary>A model of any length, as a registry stores it: a small model and zeros, which take no room on the disk.</summary>
/// <param name="Weights">The digest of the file of weights, with its algorithm.</param>
internal sealed record SparseModel(string Weights)
{
    /// <summary>The name of the model in the registry.</summary>
    public const string Repository = "lab/sparse";

    /// <summary>Writes the data of docker-registry with this model into the folder.</summary>
    /// <param name="folder">An empty folder.</param>
    /// <param name="length">The length of the file of weights in bytes.</param>
    /// <param name="source">The small model.</param>
    public static SparseModel Create(string folder, long length, string source)
    {
        string data = Path.Join(folder, "docker/registry/v2");
        string file = Path.Join(folder, "weights");
        File.Copy(source, file);
        string weights;
        using (FileStream stream = File.Open(file, FileMode.Open, FileAccess.ReadWrite))
        {
            stream.SetLength(length);
            weights = Convert.ToHexStringLower(SHA256.HashData(stream));
        }

        File.Move(file, PlaceOf(data, weights));
        byte[] configuration = Encoding.UTF8.GetBytes(
            $$$"""{"config":{"format":"gguf"},"descriptor":{},"rootfs":{"type":"rootfs","diff_ids":["sha256:{{{weights}}}"]}}""");
        string configured = Put(data, configuration);
        string manifest = Put(data, Encoding.UTF8.GetBytes(
            $$"""
            {"schemaVersion":2,"mediaType":"application/vnd.oci.image.manifest.v1+json",
            "config":{"mediaType":"application/vnd.docker.ai.model.config.v0.1+json","digest":"sha256:{{configured}}","size":{{configuration.Length}}},
            "layers":[{"mediaType":"application/vnd.docker.ai.gguf.v3","digest":"sha256:{{weights}}","size":{{length}}}]}
            """));
        foreach (string link in (string[])[$"_layers/sha256/{weights}", $"_layers/sha256/{configured}"])
            Link(data, link, Path.GetFileName(link));
        foreach (string link in (string[])[$"_manifests/revisions/sha256/{manifest}", "_manifests/tags/latest/current", $"_manifests/tags/latest/index/sha256/{manifest}"])
            Link(data, link, manifest);
        return new SparseModel($"sha256:{weights}");
    }

    private static string Put(string data, byte[] bytes)
    {
        string digest = Convert.ToHexStringLower(SHA256.HashData(bytes));
        File.WriteAllBytes(PlaceOf(data, digest), bytes);
        return digest;
    }

    private static string PlaceOf(string data, string digest) =>
        Path.Join(Directory.CreateDirectory(Path.Join(data, "blobs/sha256", digest[..2], digest)).FullName, "data");

    private static void Link(string data, string name, string digest)
    {
        string folder = Directory.CreateDirectory(Path.Join(data, "repositories", Repository, name)).FullName;
        File.WriteAllText(Path.Join(folder, "link"), $"sha256:{digest}");
    }
}
