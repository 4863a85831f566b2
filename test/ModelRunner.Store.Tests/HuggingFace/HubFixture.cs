using System.Security.Cryptography.X509Certificates;
using ModelRunner.Store.Artifacts;
using ModelRunner.Store.Http;
using ModelRunner.Store.HuggingFace;
using ModelRunner.Store.Layout;
using ModelRunner.Store.Names;
using ModelRunner.Store.Pulls;
using ModelRunner.Store.Registries;
using ModelRunner.Store.Tests.Layout;
using ModelRunner.Store.Tests.Pulls;
using ModelRunner.Testing.Registries;

namespace ModelRunner.Store.Tests.HuggingFace;

/// <summary>Pulls from a stub of Hugging Face into a store in a temporary folder.</summary>
internal sealed class HubFixture : IAsyncDisposable
{
    private readonly StoreFixture _store = new(TimeProvider.System);
    private readonly OutgoingClient _outgoing;
    private readonly PullRunner _runner;

    private HubFixture(HubServer server, IMemoryFit? fit, Dictionary<string, string> variables, OutgoingSettings outgoing, int maxTries)
    {
        Server = server;
        _outgoing = new OutgoingClient(outgoing, TimeProvider.System);
        variables["HF_ENDPOINT"] = server.Endpoint;
        var settings = new PullSettings { FirstWait = TimeSpan.FromMilliseconds(1), MaxWait = TimeSpan.FromMilliseconds(2), SpareBytes = 0, MaxTries = maxTries };
        var retries = new RegistrySettings { FirstWait = TimeSpan.FromMilliseconds(1), MaxTries = maxTries };
        var registries = new RegistryClient(_outgoing, outgoing, retries, null, TimeProvider.System);
        var hub = new HubPlanner(
            new HubClient(_outgoing, retries, TimeProvider.System), () => HubSettings.Read(variables.GetValueOrDefault, static _ => null), fit);
        var fetcher = new FileFetcher(Store, settings, Counters, TimeProvider.System);
        _runner = new PullRunner(Store, new RegistryPlanner(registries), new SharedFetches(fetcher, new ByteRateLimit(TimeProvider.System)), settings, hub: hub);
        Queue = new PullQueue(_runner, Counters, TimeProvider.System, (_, _, mistake) => Mistake = mistake);
    }

    public HubServer Server { get; }

    public ModelStore Store => _store.Store;

    public PullCounters Counters { get; } = new();

    public PullQueue Queue { get; }

    /// <summary>The failure of the last pull, if it was a mistake of the program.</summary>
    public Exception? Mistake { get; private set; }

    /// <summary>The notes of the last pull.</summary>
    public IReadOnlyList<string> Notes { get; private set; } = [];

    /// <summary>Starts a stub with files; each one begins as a GGUF file does.</summary>
    public static async Task<HubFixture> StartAsync(
        IEnumerable<(string Path, int Size)> files, IMemoryFit? fit = null, Dictionary<string, string>? variables = null,
        OutgoingSettings? outgoing = null, X509Certificate2? certificate = null, int maxTries = 5)
    {
        HubServer server = await HubServer.StartAsync(certificate);
        foreach ((string path, int size) in files)
            server.Files[path] = Make(path, size);
        return new HubFixture(server, fit, variables ?? new Dictionary<string, string>(StringComparer.Ordinal), outgoing ?? new OutgoingSettings(), maxTries);
    }

    /// <summary>Bytes that depend on a path and look like a GGUF file.</summary>
    public static byte[] Make(string path, int size)
    {
        byte[] bytes = new byte[size];
        new Random(path.Sum(static letter => letter)).NextBytes(bytes);
        "GGUF"u8.CopyTo(bytes);
        return bytes;
    }

    /// <summary>Pulls a model to the end, and checks that the storage got no credentials.</summary>
    public async Task<PullOutcome> PullAsync(string name = "hf.co/Org/Tiny-GGUF", string? token = null)
    {
        Pull pull = Queue.Join(ArtifactNameParser.Parse(name), token);
        PullOutcome outcome = await PullFixture.EndAsync(pull);
        Queue.Leave(pull);
        Notes = pull.Notes;
        Assert.Null(Mistake);
        Assert.Empty(Server.Leaks);
        return outcome;
    }

    /// <summary>Checks that a model has certain files of the repository, in their order, with all their bytes.</summary>
    public ArtifactManifest AssertHas(string tag, params string[] paths)
    {
        StoreEntry entry = Assert.IsType<StoreEntry>(Store.Read().Find(tag));
        ArtifactManifest manifest = ManifestReader.TryRead(File.ReadAllBytes(Store.Folder.ManifestOf(entry.Id)), out _)!;
        Assert.Equal(paths.Select(path => "sha256:" + HubServer.DigestOf(Server.Files[path])), manifest.Layers.Select(static layer => layer.Digest.ToString()));
        foreach ((string path, Descriptor layer) in paths.Zip(manifest.Layers))
            Assert.Equal(Server.Files[path], File.ReadAllBytes(Store.Folder.BlobOf(layer.Digest)));
        return manifest;
    }

    public async ValueTask DisposeAsync()
    {
        _outgoing.Dispose();
        _store.Dispose();
        await Server.DisposeAsync();
    }
}
