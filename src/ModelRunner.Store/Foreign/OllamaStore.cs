using System.Text.Json;
using ModelRunner.Linux.Files;
using ModelRunner.Store.Artifacts;
using ModelRunner.Store.Names;

namespace ModelRunner.Store.Foreign;

/// <summary>
/// Lists the models of Ollama: <c>manifests/HOST/NAMESPACE/MODEL/TAG</c> name files <c>blobs/sha256-HEX</c>. A blob counts if it exists and has the size
/// that the manifest gives: a partial file has another name. Templates are never used, because llama-server does not read Ollama's format.
/// </summary>
internal sealed class OllamaStore
{
    private const string DefaultHost = "registry.ollama.ai";
    private const string DefaultNamespace = "library";
    private const string Prefix = "ollama/";

    private readonly string _root;
    private readonly ForeignScan _scan;

    private OllamaStore(string root, ForeignScan scan) => (_root, _scan) = (root, scan);

    public static ForeignListing List(IReadOnlyList<string> folders, ForeignScan scan)
    {
        foreach (string root in folders)
            if (scan.IsRoot(root))
                new OllamaStore(root, scan).ListAll();

        return scan.Result;
    }

    private void ListAll()
    {
        string manifests = Path.Join(_root, "manifests");
        foreach (string host in _scan.NamesIn(manifests))
            foreach (string owner in _scan.NamesIn(Path.Join(manifests, host)))
                foreach (string model in _scan.NamesIn(Path.Join(manifests, host, owner)))
                    foreach (string tag in _scan.NamesIn(Path.Join(manifests, host, owner, model)))
                        if (!ListOne(Path.Join(manifests, host, owner, model, tag), $"{NameOf(host, owner, model)}:{tag}"))
                            return;
    }

    private static string NameOf(string host, string owner, string model) => (host, owner) switch
    {
        (DefaultHost, DefaultNamespace) => $"{Prefix}{model}",
        (DefaultHost, _) => $"{Prefix}{owner}/{model}",
        _ => $"{Prefix}{host}/{owner}/{model}",
    };

    private bool ListOne(string path, string name)
    {
        FileStatus status = FileStatus.Of(path);
        if (!status.IsRegular)
            return !_scan.IsCut;
        byte[]? content = _scan.Read(path);
        if (_scan.IsCut)
            return false;
        if (content is null)
            return Refuse(name, "has a manifest that this user may not read, or that is too large");
        return OllamaManifest.Parse(content) is { } manifest
            ? Add(manifest, name)
            : Refuse(name, "has a manifest that is not complete; pull it again with ollama pull");
    }

    private bool Add(OllamaManifest manifest, string name)
    {
        if (FindObstacle(manifest) is { } obstacle)
            return Refuse(name, obstacle);

        string? problem = null;
        string[] shards = PathsOf("model", "weights");
        string[] projectors = PathsOf("projector", "image projector");
        string[] adapters = PathsOf("adapter", "adapter");
        if (problem is not null)
            return Refuse(name, problem);

        OllamaParameters parameters = manifest.Of("params").FirstOrDefault() is { Kind: not null } layer && ReadBlob(layer.Digest) is { } text
            ? OllamaParameters.Parse(text)
            : OllamaParameters.None;
        return _scan.Add(new ForeignModel(name, [shards[0]], 1)
        {
            OtherFiles = [.. manifest.Files.SelectMany(BlobsOf)],
            Digests = [manifest.Of("model").First().Digest], Projectors = projectors, Adapters = adapters,
            Arguments = parameters.Arguments, ContextSize = parameters.ContextSize, Unused = [.. FindUnused(manifest, parameters)],
        });

        string[] PathsOf(string kind, string shown)
        {
            var paths = new List<string>();
            foreach ((_, Digest digest, long size) in manifest.Of(kind))
            {
                (string blob, FileStatus file) = FindBlob(digest);
                if (file.Kind == FileKind.Denied)
                    problem ??= $"has {shown} that this user may not read; give this user the right to read the folder of Ollama";
                else if (!file.IsRegular || (size >= 0 && file.SizeBytes != size))
                    problem ??= $"has {shown} that are missing or incomplete; pull it again with ollama pull";
                paths.Add(blob);
            }

            return [.. paths];
        }
    }

    private bool Refuse(string name, string problem) => _scan.Add(new ForeignModel(name, [], 1) { Problem = problem });

    // The texts follow the name of the model.
    private string? FindObstacle(OllamaManifest manifest)
    {
        (string? remoteHost, string? fileFormat) = manifest.Config is { } digest ? ReadConfig(digest) : default;
        if (remoteHost is not null)
            return "runs in the cloud of Ollama and has no file here";
        if (manifest.Of("tensor").Any())
            return "is made for Ollama's MLX engine: its weights are not a GGUF file; pull a GGUF build";
        if (fileFormat is { } format && !format.Equals("gguf", StringComparison.OrdinalIgnoreCase))
            return $"has the format {ForeignScan.Show(format)}, and llama.cpp reads GGUF; pull a GGUF build";

        return manifest.Of("model").Count() switch
        {
            0 => "has no weights",
            1 => null,
            _ => "has its weights in several files, which only Ollama reads",
        };
    }

    private static IEnumerable<string> FindUnused(OllamaManifest manifest, OllamaParameters parameters)
    {
        if (manifest.Of("template").Any())
            yield return ForeignModel.Template;
        if (parameters.HasStop)
            yield return ForeignModel.StopTexts;
        if (manifest.Of("system").Any())
            yield return "system prompt";
        if (manifest.Of("messages").Any())
            yield return "example messages";
        if (manifest.Of("draft").Any())
            yield return "draft model";
        foreach (string parameter in parameters.Unused)
            yield return parameter;
    }

    // The second name is the one in old stores.
    private string[] BlobsOf(Digest digest) =>
        [Path.Join(_root, "blobs", $"{digest.Algorithm}-{digest.Hex}"), Path.Join(_root, "blobs", digest.ToString())];

    private (string Path, FileStatus Status) FindBlob(Digest digest)
    {
        string[] blobs = BlobsOf(digest);
        string path = blobs[0];
        FileStatus status = FileStatus.Of(_scan.Expect(path));
        if (status.Kind != FileKind.Missing)
            return (path, status);

        return FileStatus.Of(_scan.Expect(blobs[1])) is { Exists: true } found ? (blobs[1], found) : (path, status);
    }

    private byte[]? ReadBlob(Digest digest) => _scan.Read(FindBlob(digest).Path);

    // What the configuration says; a file that is not JSON says nothing.
    private (string? RemoteHost, string? Format) ReadConfig(Digest digest)
    {
        if (ReadBlob(digest) is not { } content)
            return default;
        try
        {
            return JsonDocuments.Read(content, static root => (Text(root, "remote_host"), Text(root, "model_format")));
        }
        catch (JsonException)
        {
            return default;
        }
    }

    private static string? Text(JsonElement root, string name) => JsonDocuments.Text(root, name) is { Length: > 0 } text ? text : null;
}
